// A sign of life to a service outside that raises the alarm when it stops coming (healthchecks.io and its
// like).
#pragma once

#include <optional>
#include <string>

#include "exporters/notifier.hpp"
#include "exporters/post.hpp"

namespace healthd {

class Heartbeat {
 public:
  /// From the map `heartbeat`: `url`, or `url_file`/`credential` where it is a secret; `tls`. Problems are
  /// reported to the options; nullopt where nothing is configured.
  static std::optional<Heartbeat> make(Options options, NotifierTools tools);

  /// POSTs to the URL, or to `URL/fail` where `trouble` says what is wrong with us. Cancellable; ends by
  /// `deadline`.
  asio::awaitable<Delivery> beat(std::string trouble, Deadline deadline);

 private:
  Heartbeat(PostTarget target, Resolver& resolver) : target_{std::move(target)}, resolver_{&resolver} {}

  PostTarget target_;
  Resolver* resolver_;
};

}  // namespace healthd
