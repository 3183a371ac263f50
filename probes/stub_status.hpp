// The seven numbers of nginx' stub_status page.
// Source of the format: nginx, ngx_http_stub_status_module.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "probes/net/http.hpp"
#include "probes/result.hpp"

namespace healthd {

struct StubStatus {
  std::uint64_t accepted = 0, handled = 0, requests = 0;
  std::uint64_t reading = 0, writing = 0, waiting = 0;
};

/// nullopt for any other page.
std::optional<StubStatus> parse_stub_status(std::string_view page);

/// Adds the page's numbers as samples, or tells that it is another page.
Failure add_counters(const HttpResponse& response, ProbeResult& result);

}  // namespace healthd
