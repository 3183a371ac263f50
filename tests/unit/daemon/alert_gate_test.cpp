// One fault, one page: what holds an alert back, and what does not.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <set>

#include "tests/unit/daemon/engine_bench.hpp"

namespace healthd {

using namespace test;

namespace {

AlertRule rule_of(const std::string& name, const std::string& component, const std::string& check) {
  auto made = rule(name, component, Signal::Kind::check);
  made.signal.check = check;
  made.windowed = true;
  return made;
}

AlertRule stub_rule() {
  auto made = rule_of("NginxStubStatusDown", "nginx", "stub_status");
  made.severity = "warning";
  made.independent = true;
  return made;
}

std::vector<AlertRule> rules() {
  auto missing = rule_of("CeleryWorkersMissing", "celery", "workers");
  missing.severity = "warning";
  missing.effect_of = {"CeleryNoWorkers"};
  return {rule_of("RedisDown", "redis", "ping"),
          rule_of("CeleryNoWorkers", "celery", "replies"),
          missing,
          rule_of("SupersetWebDown", "gunicorn", "health"),
          rule_of("SupersetUpstreamUnavailable", "nginx", "upstream"),
          stub_rule()};
}

/// Redis and a worker behind it, gunicorn and nginx before it; every probe looks every 15 s.
class Site {
 public:
  explicit Site(Restraint restraint = {})
      : engine_{rules(), probes(), {"http://here/runbooks", "", "http://here/"},
                start,   graph(),  std::move(restraint)} {}

  /// Rounds from `from` to `to`. `order`: who looks first.
  void rounds(std::chrono::seconds from, std::chrono::seconds to) {
    for (auto at = from; at <= to; at += 15s) {
      take(engine_.on(after(at)));
      if (workers_first) look("workers", at);
      look("broker", at + 1s);
      if (!workers_first) look("workers", at + 2s);
      look("edge", at + 3s);
      look("app", at + 4s);
      for (auto tick = at + 4s; tick < at + 15s; tick += 1s) take(engine_.on(after(tick)));
    }
  }

  void look(const std::string& name, std::chrono::seconds at) {
    const auto bad = failing.contains(name);
    auto made = outcome(name, at, {judge(check_of(name), {bad ? Reason::timeout : Reason::none, "words"})});
    if (name == "edge")
      made.result.checks.push_back(
          judge("stub_status", {failing.contains("stub") ? Reason::timeout : Reason::none, ""}));
    if (name == "workers")
      made.result.checks.push_back(judge("workers", {bad ? Reason::no_reply : Reason::none, ""}));
    made.took = 100ms;
    take(engine_.on(made));
    for (const auto& wanted : engine_.wanted_looks(name)) looks_wanted.insert(wanted);
  }

  void take(const std::vector<Alert>& changes) {
    for (const auto& alert : changes) {
      if (alert.state == AlertState::suppressed)
        held.push_back(alert.labels.at("alertname") + " by " + alert.suppressed_by);
      if (alert.state == AlertState::firing) fired.push_back(alert.labels.at("alertname"));
      if (alert.state == AlertState::resolved && alert.suppressed_by.empty())
        resolved.push_back(alert.labels.at("alertname"));
      if (alert.state == AlertState::firing) last = alert;
    }
  }

  AlertEngine& engine() { return engine_; }

  std::set<std::string> failing;
  bool workers_first = true;
  std::vector<std::string> fired, resolved, held;
  std::set<std::string> looks_wanted;
  Alert last;

 private:
  static std::string check_of(const std::string& name) {
    if (name == "broker") return "ping";
    if (name == "workers") return "replies";
    return name == "app" ? "health" : "upstream";
  }
  static std::vector<WatchedProbe> probes() {
    return {probe("broker", "redis"), probe("workers", "celery"), probe("app", "gunicorn"),
            probe("edge", "nginx")};
  }
  static Dependencies graph() {
    return Dependencies{{{"broker", "redis", "", nullptr},
                         {"workers", "celery", "broker", nullptr},
                         {"app", "gunicorn", "", nullptr},
                         {"edge", "nginx", "", nullptr}}};
  }
  AlertEngine engine_;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("when a part fails with what needs it, only the part is told, whoever looks first") {
  for (const bool workers_first : {true, false}) {
    Site site;
    site.workers_first = workers_first;
    site.rounds(0s, 60s);
    site.failing = {"broker", "workers"};
    site.rounds(75s, 600s);
    CHECK(site.fired == Names{"RedisDown"});
    CHECK(std::ranges::count(site.held, "CeleryNoWorkers by RedisDown of broker") == 1);
    CHECK(site.engine().suppressed("workers"));
    CHECK_FALSE(site.engine().suppressed("broker"));
  }
}

TEST_CASE("a failing child asks for a look at what it needs") {
  Site site;
  site.rounds(0s, 0s);
  site.look("broker", 14s);
  site.failing = {"workers"};
  site.look("workers", 16s);
  CHECK(site.looks_wanted == std::set<std::string>{"broker"});
}

TEST_CASE("a child that fails alone is told, once its parents have been looked at") {
  Site site;
  site.rounds(0s, 60s);
  site.failing = {"workers"};
  site.rounds(75s, 300s);
  CHECK(site.fired == Names{"CeleryNoWorkers"});
  CHECK(site.held == Names{"CeleryWorkersMissing by CeleryNoWorkers of workers"});
}

TEST_CASE("a child that fails a moment before its parent waits for the parent's verdict") {
  Site site;
  site.rounds(0s, 60s);
  site.failing = {"workers"};
  site.look("workers", 75s);
  site.look("workers", 80s);
  site.look("broker", 81s);  // still well
  site.look("workers", 85s);
  CHECK(site.fired.empty());  // not looked at since the child failed last
  site.failing = {"workers", "broker"};
  site.look("broker", 86s);
  site.look("broker", 91s);
  site.look("broker", 96s);
  CHECK(site.fired == Names{"RedisDown"});
}

TEST_CASE("a parent that nobody can look at holds a child back for a moment only") {
  Site site;
  site.rounds(0s, 60s);
  site.failing = {"workers"};
  for (auto at = 75s; at <= 135s; at += 5s) {
    site.look("workers", at);
    site.take(site.engine().on(after(at + 1s)));
  }
  CHECK(site.fired == Names{"CeleryNoWorkers"});
}

TEST_CASE("when the parent comes back, no storm follows; whoever stays down is told then") {
  for (const bool worker_stays_down : {false, true}) {
    Site site;
    site.rounds(0s, 60s);
    site.failing = {"broker", "workers"};
    site.rounds(75s, 300s);
    site.failing.erase("broker");
    site.rounds(315s, 330s);  // the worker takes its time
    if (!worker_stays_down) site.failing.clear();
    site.rounds(345s, 900s);
    CHECK(site.resolved == Names{"RedisDown"});
    if (worker_stays_down) {
      CHECK(site.fired == Names{"RedisDown", "CeleryNoWorkers"});
      CHECK(site.last.annotations.at("note") == "Held back until now: RedisDown of broker.");
    } else {
      CHECK(site.fired == Names{"RedisDown"});
      CHECK(site.engine().alerts().size() ==
            3);  // shown for a while, both effects without an end that was told
    }
  }
}

TEST_CASE("an effect that has just ended begins anew: its next failure is no old one") {
  Site site;
  site.rounds(0s, 60s);
  site.failing = {"broker", "workers"};
  site.rounds(75s, 300s);
  site.failing.clear();
  site.rounds(315s, 375s);  // both have been well for long enough to clear, but for the time that is kept
  site.failing = {"workers", "broker"};
  site.look("workers", 390s);
  site.look("workers", 395s);
  CHECK(site.fired == Names{"RedisDown"});
  site.rounds(405s, 600s);
  CHECK(std::ranges::count(site.fired, "CeleryNoWorkers") == 0);
}

TEST_CASE("a cause that never ends mutes nobody for ever") {
  Site site;
  site.rounds(0s, 60s);
  site.failing = {"broker", "workers"};
  site.rounds(75s, 40min);
  CHECK(site.fired.front() == "RedisDown");
  CHECK(std::ranges::count(site.fired, "CeleryNoWorkers") == 1);
}

TEST_CASE("the proxy's complaint about gunicorn is an effect, its own are not") {
  Site site;
  site.rounds(0s, 60s);
  site.failing = {"app", "edge", "stub"};
  site.rounds(75s, 300s);
  CHECK(std::ranges::count(site.fired, "SupersetWebDown") == 1);
  CHECK(std::ranges::count(site.fired, "NginxStubStatusDown") == 1);
  CHECK(std::ranges::count(site.fired, "SupersetUpstreamUnavailable") == 0);
  CHECK(site.engine().related(site.last, site.engine().alerts().front()));
}

TEST_CASE("people hold an alert back, and hear of it when they no longer do") {
  bool silent = true;
  Restraint restraint;
  restraint.by_people = [&](const auto& labels, auto) {
    return silent && labels.at("component") == "redis" ? std::string{"silence 7 by ann"} : std::string{};
  };
  Site site{restraint};
  site.rounds(0s, 60s);
  site.failing = {"broker", "workers"};
  site.rounds(75s, 300s);
  CHECK(site.fired.empty());  // also the worker: its cause is known, and silenced
  CHECK(std::ranges::count(site.held, "RedisDown by silence 7 by ann") == 1);
  silent = false;
  site.rounds(315s, 330s);
  CHECK(site.fired == Names{"RedisDown"});
  silent = true;
  site.failing.clear();
  site.rounds(345s, 600s);
  CHECK(site.resolved == Names{"RedisDown"});  // what was told is taken back, silenced or not
}

TEST_CASE("a silence that ends while the cause lasts hands the alert over to the cause") {
  bool silent = true;
  Restraint restraint;
  restraint.by_people = [&](const auto& labels, auto) {
    return silent && labels.at("component") == "celery" ? std::string{"silence 7 by ann"} : std::string{};
  };
  Site site{restraint};
  site.rounds(0s, 60s);
  site.failing = {"broker", "workers"};
  site.rounds(75s, 300s);
  CHECK(std::ranges::count(site.held, "CeleryNoWorkers by RedisDown of broker") == 0);
  silent = false;
  site.rounds(315s, 600s);
  CHECK(site.fired == Names{"RedisDown"});
  CHECK(std::ranges::count(site.held, "CeleryNoWorkers by RedisDown of broker") == 1);
}

TEST_CASE("after the host's start nothing is said of a part that never was well, until the grace is over") {
  Restraint restraint;
  restraint.boot_grace_until = after(180s).wall;
  Site site{restraint};
  site.failing = {"app", "broker"};
  site.rounds(0s, 165s);
  CHECK(site.fired.empty());
  site.failing = {"app"};
  site.rounds(180s, 300s);
  CHECK(site.fired == Names{"SupersetWebDown"});
}

TEST_CASE("two that are said to need each other do not mute each other") {
  const std::vector<std::string> app_needs{"edge"};
  const Dependencies circle{{{"app", "gunicorn", "", &app_needs}, {"edge", "nginx", "", nullptr}}};
  AlertEngine engine{rules(), {probe("app", "gunicorn"), probe("edge", "nginx")}, {}, start, circle};
  std::vector<Alert> fired;
  for (auto at = 0s; at <= 60s; at += 15s) {
    for (const auto& alert : engine.on(outcome("app", at, {judge("health", {Reason::timeout, ""})})))
      fired.push_back(alert);
    for (const auto& alert : engine.on(outcome("edge", at, {judge("upstream", {Reason::timeout, ""})})))
      fired.push_back(alert);
  }
  CHECK(fired.size() == 2);
}

}  // namespace healthd
