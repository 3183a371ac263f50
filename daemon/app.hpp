// The daemon: owns every part and the order of their lives.
#pragma once

#include <boost/asio/signal_set.hpp>
#include <memory>
#include <optional>

#include "daemon/assembly.hpp"
#include "daemon/control.hpp"
#include "daemon/control_server.hpp"
#include "daemon/history.hpp"
#include "daemon/judgement.hpp"
#include "daemon/loops.hpp"
#include "daemon/scheduler.hpp"
#include "daemon/sd_notify.hpp"
#include "daemon/settings.hpp"
#include "daemon/task_scope.hpp"
#include "daemon/vigil.hpp"
#include "exporters/catalogue.hpp"
#include "exporters/http_server.hpp"
#include "exporters/routes.hpp"
#include "exporters/web_door.hpp"

namespace healthd {

class App {
 public:
  App(Settings settings, Assembly parts, Loops& loops, Store& store);
  ~App();

  /// Runs until SIGTERM or SIGINT; returns the exit code. A listen address that cannot be had is an error at
  /// once.
  int run();

 private:
  asio::awaitable<void> live();
  asio::awaitable<void> stop();
  asio::awaitable<void> wait_for_signal();
  asio::awaitable<void> pulse();
  /// Throws where the address cannot be had: a daemon that nobody can look at must not seem to run.
  void start_web();
  bool on_run(Run run);
  void look_at(const std::vector<std::string>& probes);
  void start_vigil(const ListenAddress& listening);
  void start_control();
  void log_state(std::string_view before, const Outcome& outcome, Status state) const;
  std::shared_ptr<const Snapshot> snapshot();

  Settings settings_;
  Assembly parts_;
  Loops& loops_;
  std::vector<ScheduledProbe> probes_;
  RunSink sink_;
  History history_;
  Store& store_;
  Judgement judgement_;
  std::unique_ptr<LeverHost> levers_;
  std::unique_ptr<ControlServer> control_;  ///< nullptr: there is no socket
  SdNotify systemd_;
  TaskScope watchers_;  ///< the probes' loops: the first to stop
  TaskScope tasks_;     ///< delivery, pulse, web server
  std::map<std::pair<std::string, std::string>, std::uint64_t> http_requests_;
  RunbookPages runbooks_;
  std::shared_ptr<WebDoor> door_;
  std::unique_ptr<HttpServer> server_;
  Histogram loop_lag_;
  std::optional<Vigil> vigil_;  ///< once we listen
  DroppedSeries dropped_series_;
  std::shared_ptr<const Snapshot> last_snapshot_;
  std::chrono::steady_clock::time_point started_;
  std::chrono::system_clock::time_point started_wall_;
};

}  // namespace healthd
