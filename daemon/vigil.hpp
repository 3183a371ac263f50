// Who watches the watcher: what this process finds out about itself, the check of its own connectivity, and
// the sign of life that it sends outside.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/dispatcher.hpp"
#include "daemon/history.hpp"
#include "daemon/store.hpp"
#include "daemon/task_scope.hpp"
#include "exporters/heartbeat.hpp"
#include "probes/net/dial.hpp"

namespace healthd {

/// What it looks at; all of it outlives the vigil.
struct VigilParts {
  const History& history;
  const Dispatcher& dispatcher;
  const Store& store;
  bool store_wanted = true;
  const Histogram& scheduler_lag;
  Resolver& resolver;
  std::vector<Endpoint> connectivity;  ///< what takes connections whenever our network is well
  std::optional<Heartbeat> heartbeat;
  Duration heartbeat_interval{};
  std::function<bool()> config_ok;           ///< what runs is what the file says
  std::function<void(const Outcome&)> tell;  ///< what was found, as the result of the probe `healthd`
};

class Vigil {
 public:
  explicit Vigil(VigilParts parts);

  /// Spawns its loops.
  void start(TaskScope& scope);

  /// Nothing that we look at is seen to be well, and our own connectivity check fails as well.
  bool blind() const { return blind_; }
  const HeartbeatView& heartbeat() const { return heartbeat_; }
  /// What keeps us from being trusted, in words; "" for nothing.
  std::string trouble() const;

 private:
  using Clock = std::chrono::steady_clock;

  asio::awaitable<void> look_forever();
  asio::awaitable<void> check_connectivity();
  asio::awaitable<void> beat();
  void look();
  void note_store(const StoreState& state);

  VigilParts parts_;
  const Clock::time_point started_ = Clock::now();
  std::optional<Clock::time_point> unkept_since_;       ///< since when nothing is kept on disk
  std::optional<Clock::time_point> unreachable_since_;  ///< by our own connectivity check
  HeartbeatView heartbeat_;
  bool blind_ = false;
};

}  // namespace healthd
