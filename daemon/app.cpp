#include "daemon/app.hpp"

#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <utility>

#include "daemon/commands.hpp"
#include "daemon/door.hpp"
#include "daemon/judgement_parts.hpp"
#include "version.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

/// How often the loop is asked how late it is.
constexpr auto pulse_interval = 250ms;
constexpr auto tick_interval = 1s;
/// Of the ten seconds a stop may take, those for messages that are due.
constexpr auto drain_time = 6s;

/// Where our own listener answers; one on all addresses does so on loopback.
Endpoint own_endpoint(const ListenAddress& address) {
  auto host = address.host;
  if (host.empty() || host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  return {host, address.port, ""};
}

ProbeView view_of(const BuiltProbe& built) {
  ProbeView view;
  view.name = built.config.name;
  view.kind = built.config.kind;
  view.component = built.kind->component;
  view.target = built.probe->target();
  view.interval_seconds = std::chrono::duration<double>(built.config.interval).count();
  view.timeout_seconds = std::chrono::duration<double>(built.config.timeout).count();
  return view;
}

}  // namespace

App::App(Settings settings, Loaded loaded, Loops& loops, Store& store, bool as_configured)
    : settings_{std::move(settings)},
      loaded_{std::move(loaded)},
      loops_{loops},
      watched_{loops.main().get_executor(), loops.tools(), [this](Run run) { return on_run(std::move(run)); },
               report_escape()},
      store_{store},
      last_good_{settings_.storage_path},
      judgement_{std::make_unique<Judgement>(loops.main().get_executor(),
                                             judgement_parts(settings_, loaded_.parts), store)},
      judging_{std::make_unique<TaskScope>(loops.main().get_executor(), report_escape())},
      systemd_{SdNotify::from_environment()},
      tasks_{loops.main().get_executor(), report_escape()},
      wanted_{loops.main().get_executor(), std::chrono::steady_clock::time_point::max()},
      as_configured_{as_configured},
      configured_at_{std::chrono::system_clock::now()},
      runbooks_{embedded_runbooks()},
      loop_lag_{lag_buckets()},
      started_{std::chrono::steady_clock::now()},
      started_wall_{std::chrono::system_clock::now()} {
  watch_probes(nullptr, {});
}

/// Those of `kept` go on, with all that `before` knows of them.
void App::watch_probes(const History* before, const std::set<std::string>& kept) {
  History next;
  for (auto& built : loaded_.parts.probes) {
    if (kept.contains(built.config.name)) {
      next.go_on(before->probe(built.config.name));
      continue;
    }
    next.add(view_of(built));
    watched_.add(loaded_.parts.config.stack, built);
  }
  history_ = std::move(next);
}

TaskScope::Escaped App::report_escape() {
  return [](const std::string& name, const std::string& error) {
    log_event(LogLevel::error, "task_failed", {{"task", name}, {"error", error}});
  };
}

App::~App() {
  // Probes hold connections of the PostgreSQL loop.
  loops_.stop_postgres();
}

int App::run() {
  start_web();
  if (const auto trouble = store_.state().trouble; !trouble.empty())
    log_event(LogLevel::warning, "state_file", {{"trouble", trouble}});
  judgement_->restore();
  std::exception_ptr failed;
  asio::co_spawn(loops_.main(), live(), [this, &failed](std::exception_ptr error) {
    failed = error;
    if (error) loops_.main().stop();  // a bug: nothing is left that could stop the rest in order
  });
  loops_.main().run();
  if (failed) std::rethrow_exception(failed);
  return exit_code::ok;
}

void App::start_web() {
  const auto& wanted =
      settings_.listen_address.empty() ? loaded_.parts.config.web.listen_address : settings_.listen_address;
  const auto address = parse_listen_address(wanted);
  if (!address) throw std::runtime_error{"not an address to listen on: " + wanted};
  const auto count = [this](std::string_view handler, unsigned status) {
    ++http_requests_[{std::string{handler}, std::to_string(status)}];
  };
  const auto executor = loops_.main().get_executor();
  const auto refused = [count](unsigned status) { count("refused", status); };
  auto handler =
      make_routes({[this] { return snapshot(); }, count, runbooks_, loops_.worker().get_executor()});
  door_ = make_door(settings_, loaded_.parts, loops_, *address, refused);
  server_ = std::make_unique<HttpServer>(executor, door_->guard(std::move(handler)), refused, WebLimits{},
                                         door_->front());
  const auto listening = server_->listen(*address);
  if (!listening) throw std::runtime_error{"cannot listen on " + wanted + ": " + listening.error().message()};
  log_event(LogLevel::info, "listening", {{"address", to_string(*listening)}});
  listening_ = *listening;
}

/// Delivery, and the watch over ourselves.
void App::start_judging() {
  auto& config = loaded_.parts.config;
  std::vector<Endpoint> connectivity;
  for (const auto& [host, port] : config.connectivity) connectivity.push_back({host, port, ""});
  if (connectivity.empty()) connectivity.push_back(own_endpoint(listening_));
  vigil_.emplace(VigilParts{.history = history_,
                            .dispatcher = judgement_->dispatcher(),
                            .store = store_,
                            .store_wanted = !settings_.storage_path.empty(),
                            .scheduler_lag = loop_lag_,
                            .resolver = loops_.resolver(),
                            .connectivity = std::move(connectivity),
                            .heartbeat = std::move(loaded_.parts.heartbeat),
                            .heartbeat_interval = config.heartbeat.interval,
                            .config_ok = [this] { return as_configured_; },
                            .tell = [this](const Outcome& found) { judgement_->on(found); }});
  vigil_->start(*judging_);
  judgement_->start(*judging_);
}

void App::start_control() {
  const auto handler = [this](std::string request, std::string peer) {
    return answer_person(std::move(request), std::move(peer));
  };
  control_ = std::make_unique<ControlServer>(loops_.main().get_executor(), settings_.control_socket, handler);
  if (const auto trouble = control_->listen(); !trouble.empty()) {
    log_event(LogLevel::warning, "no_control_socket", {{"trouble", trouble}});
    control_.reset();
    return;
  }
  tasks_.spawn("control", control_->serve());
}

asio::awaitable<void> App::live() {
  // From here on a signal waits for us: one that comes with READY=1 must not just kill us.
  asio::signal_set signals{co_await asio::this_coro::executor, SIGTERM, SIGINT, SIGHUP};
  tasks_.spawn("pulse", pulse());
  tasks_.spawn("signals", hear_signals(signals));
  tasks_.spawn("web", server_->serve());
  tasks_.spawn("web files", door_->watch());
  start_control();
  start_judging();
  watched_.start();
  const auto count = std::to_string(watched_.size());
  log_event(LogLevel::info, "started",
            {{"version", version}, {"stack", loaded_.parts.config.stack}, {"probes", count}});
  systemd_.send("READY=1\nSTATUS=watching " + count + " probes");
  while (!stop_wanted_) {
    if (reloads_done_ == reloads_wanted_) {
      co_await wanted_.async_wait(asio::as_tuple(asio::use_awaitable));
      continue;
    }
    // One that is wanted from now on may be about a file that this one has read already.
    const auto wanted = reloads_wanted_;
    last_reload_ = co_await reload();
    reloads_done_ = wanted;
    wanted_.cancel();
  }
  co_await stop();
}

asio::awaitable<void> App::hear_signals(asio::signal_set& signals) {
  for (;;) {
    const int signal = co_await signals.async_wait(asio::use_awaitable);
    if (signal == SIGHUP)
      ++reloads_wanted_;
    else
      stop_wanted_ = true;
    wanted_.cancel();
  }
}

asio::awaitable<void> App::stop() {
  systemd_.send("STOPPING=1");
  log_event(LogLevel::info, "stopping");
  co_await watched_.stop();
  const auto left = co_await judgement_->finish(Deadline::in(drain_time));
  if (left > 0) log_event(LogLevel::warning, "stopped_with_unsent_alerts", {{"count", std::to_string(left)}});
  co_await judging_->stop();
  co_await tasks_.stop();
  log_event(LogLevel::info, "stopped");
}

/// Measures how late the loop is, lets time pass for the alerts, and tells systemd that the loop lives.
asio::awaitable<void> App::pulse() {
  asio::steady_timer timer{co_await asio::this_coro::executor};
  auto due = std::chrono::steady_clock::now();
  auto next_tick = due;
  auto next_ping = due;
  for (;;) {
    due = std::max(due + pulse_interval, std::chrono::steady_clock::now());
    timer.expires_at(due);
    co_await timer.async_wait(asio::use_awaitable);
    const auto fired = std::chrono::steady_clock::now();
    loop_lag_.observe(std::chrono::duration<double>(fired - due).count());
    if (fired >= next_tick) {
      next_tick = fired + tick_interval;
      judgement_->tick();
      for (const auto& name : watched_.sweep(fired)) {
        log_event(LogLevel::error, "probe_restarted", {{"probe", name}});
        history_.restarted(name);
      }
    }
    if (const auto interval = systemd_.watchdog_interval(); interval && fired >= next_ping) {
      if (!probes_go_on(fired)) continue;  // and is asked again by the next pulse
      next_ping = fired + *interval;
      systemd_.send("WATCHDOG=1");
    }
  }
}

/// systemd is to end a daemon that lives but looks at nothing; whoever reads the log learns why.
bool App::probes_go_on(std::chrono::steady_clock::time_point now) {
  const auto* stuck = watched_.stuck(now);
  if (stuck != nullptr && !watchdog_withheld_)
    log_event(LogLevel::error, "watchdog_withheld",
              {{"probe", *stuck}, {"hint", "it has neither begun nor ended a run for too long"}});
  watchdog_withheld_ = stuck != nullptr;
  return !watchdog_withheld_;
}

/// The one way through the house: a result goes to the history, to the engine, and from there to receivers.
bool App::on_run(Run run) {
  auto& outcome = run.outcome;
  admit_samples(outcome.result.samples, dropped_series_);
  if (run.skipped > 0) history_.skipped(outcome.probe, run.skipped);
  history_.on(outcome, run.lateness);
  judgement_->on(outcome);
  const auto& engine = judgement_->engine();
  const Status state = engine.state(outcome.probe);
  const auto& view = history_.probe(outcome.probe);
  if (!view.since || view.state != state)
    log_state(view.since ? to_string(view.state) : "unseen", outcome, state);
  history_.set_state(outcome.probe, state, outcome.at);
  for (const auto& name : engine.wanted_looks(outcome.probe)) watched_.nudge(name);
  return engine.suspect(outcome.probe);
}

void App::log_state(std::string_view before, const Outcome& outcome, Status state) const {
  const auto level = state == Status::up ? LogLevel::info : LogLevel::warning;
  log_event(level, "probe_state",
            {{"probe", outcome.probe},
             {"state", std::string{to_string(state)}},
             {"was", std::string{before}},
             {"reason", std::string{to_string(outcome.result.reason)}},
             {"detail", outcome.result.detail}});
}

}  // namespace healthd
