// systemd's notification protocol, spoken by hand: it is one datagram.
// Source: sd_notify(3), "Notes": a stable protocol, free to be implemented without the library.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace healthd {

class SdNotify {
 public:
  /// From $NOTIFY_SOCKET and $WATCHDOG_USEC (and $WATCHDOG_PID); does nothing where they are not set.
  static SdNotify from_environment();

  /// E.g. `READY=1\nSTATUS=...`. Never blocks: a datagram that does not fit is dropped.
  void send(std::string_view state) const;

  /// How often to send `WATCHDOG=1`: a third of what systemd asks for. nullopt: it does not ask.
  std::optional<std::chrono::milliseconds> watchdog_interval() const { return watchdog_; }

 private:
  std::string socket_;
  std::optional<std::chrono::milliseconds> watchdog_;
};

}  // namespace healthd
