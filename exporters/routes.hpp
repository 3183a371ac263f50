// Which path shows what.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string_view>

#include "exporters/http_server.hpp"
#include "exporters/runbooks.hpp"
#include "exporters/snapshot.hpp"

namespace healthd {

struct WebSources {
  /// What is known now; asked on the loop, once per page.
  std::function<std::shared_ptr<const Snapshot>()> snapshot;
  /// Told on the loop about each answer: the route's name (a closed set) and the status.
  std::function<void(std::string_view handler, unsigned status)> count;
  const RunbookPages& runbooks;
  /// Where pages are made, so that the loop does not stall; its threads must end before the loop is
  /// destroyed.
  asio::any_io_executor workers;
};

/// `sources.runbooks` must outlive the handler.
WebHandler make_routes(WebSources sources);

}  // namespace healthd
