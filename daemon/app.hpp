// The daemon: owns every part and the order of their lives.
#pragma once

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>

#include "daemon/control.hpp"
#include "daemon/control_server.hpp"
#include "daemon/history.hpp"
#include "daemon/judgement.hpp"
#include "daemon/last_good.hpp"
#include "daemon/loaded.hpp"
#include "daemon/loops.hpp"
#include "daemon/sd_notify.hpp"
#include "daemon/settings.hpp"
#include "daemon/task_scope.hpp"
#include "daemon/vigil.hpp"
#include "daemon/watch_list.hpp"
#include "exporters/catalogue.hpp"
#include "exporters/http_server.hpp"
#include "exporters/routes.hpp"
#include "exporters/web_door.hpp"

namespace healthd {

class App {
 public:
  /// `as_configured`: false where `loaded` is not what the file says by now.
  App(Settings settings, Loaded loaded, Loops& loops, Store& store, bool as_configured);
  ~App();

  /// Runs until SIGTERM or SIGINT; returns the exit code. A listen address that cannot be had is an error at
  /// once.
  int run();

 private:
  static TaskScope::Escaped report_escape();
  asio::awaitable<void> live();
  asio::awaitable<void> stop();
  asio::awaitable<void> hear_signals(asio::signal_set& signals);
  asio::awaitable<void> pulse();
  bool probes_go_on(std::chrono::steady_clock::time_point now);

  /// What came of a reload, for people.
  struct Reloaded {
    bool done = false;
    std::string text;
  };
  /// Validate, then swap. Only live() runs it, so that nobody's hanging up stops it in the middle.
  asio::awaitable<Reloaded> reload();
  /// The moment between two configurations: what was judged goes over, what did not change runs on.
  asio::awaitable<void> swap(Loaded next);
  asio::awaitable<std::string> answer_person(std::string request, std::string peer);
  asio::awaitable<std::string> ask_for_reload();
  /// Throws where the address cannot be had: a daemon that nobody can look at must not seem to run.
  void start_web();
  bool on_run(Run run);
  void start_judging();
  void start_control();
  LeverHost lever_host();
  void watch_probes(const History* before, const std::set<std::string>& kept);
  void log_state(std::string_view before, const Outcome& outcome, Status state) const;
  std::shared_ptr<const Snapshot> snapshot();

  Settings settings_;
  Loaded loaded_;
  Loops& loops_;
  WatchList watched_;  ///< the first to stop
  History history_;
  Store& store_;
  const LastGood last_good_;
  std::unique_ptr<Judgement> judgement_;
  std::optional<Vigil> vigil_;
  std::unique_ptr<TaskScope> judging_;      ///< delivery and vigil: what a reload replaces
  std::unique_ptr<ControlServer> control_;  ///< nullptr: there is no socket
  SdNotify systemd_;
  bool watchdog_withheld_ = false;
  TaskScope tasks_;  ///< pulse, signals, web server, control socket

  asio::steady_timer wanted_;  ///< cancelled when one of the next three changes
  bool stop_wanted_ = false;
  std::uint64_t reloads_wanted_ = 0, reloads_done_ = 0;
  Reloaded last_reload_;
  bool as_configured_;
  std::chrono::system_clock::time_point configured_at_;

  std::map<std::pair<std::string, std::string>, std::uint64_t> http_requests_;
  RunbookPages runbooks_;
  std::shared_ptr<WebDoor> door_;
  std::unique_ptr<HttpServer> server_;
  Histogram loop_lag_;
  ListenAddress listening_;
  DroppedSeries dropped_series_;
  std::shared_ptr<const Snapshot> last_snapshot_;
  std::chrono::steady_clock::time_point started_;
  std::chrono::system_clock::time_point started_wall_;
};

}  // namespace healthd
