// What tests of the alert engine share: a probe, a rule, results at given seconds after a start.
#pragma once

#include "daemon/alert_engine.hpp"

namespace healthd::test {

using namespace std::chrono_literals;

inline const Moment start{std::chrono::steady_clock::time_point{} + 1h,
                          std::chrono::system_clock::time_point{} + 480000h};

inline Moment after(std::chrono::seconds span) { return {start.steady + span, start.wall + span}; }

inline WatchedProbe probe(std::string name, std::string component) {
  WatchedProbe watched;
  watched.name = std::move(name);
  watched.stack = "test";
  watched.component = component;
  watched.kind = component;
  watched.target = "127.0.0.1:1";
  watched.interval = 15s;
  watched.timeout = 5s;
  watched.window.keep = 30s;
  return watched;
}

inline AlertRule rule(std::string name, std::string component, Signal::Kind kind) {
  AlertRule made;
  made.server_wide = true;
  made.name = std::move(name);
  made.severity = "critical";
  made.component = std::move(component);
  made.runbook = "a-page";
  made.signal.kind = kind;
  made.summary = "A summary.";
  made.description = "{probe}: {reason}: {detail} {value}";
  return made;
}

inline AlertRule down_rule() {
  auto made = rule("RedisDown", "redis", Signal::Kind::check);
  made.signal.check = "ping";
  made.windowed = true;
  return made;
}

inline Outcome outcome(std::string name, std::chrono::seconds at, std::vector<CheckResult> checks,
                       std::vector<Sample> samples = {}) {
  Outcome made;
  made.probe = std::move(name);
  made.result.checks = std::move(checks);
  made.result.samples = std::move(samples);
  conclude(made.result);
  made.at = after(at).wall;
  made.steady_at = after(at).steady;
  return made;
}

inline Outcome ping(std::chrono::seconds at, Reason reason = Reason::none) {
  return outcome("cache", at, {judge("ping", {reason, "words"})});
}

inline AlertEngine engine(std::vector<AlertRule> rules,
                          std::vector<WatchedProbe> probes = {probe("cache", "redis")}) {
  return AlertEngine{
      std::move(rules), std::move(probes), {"http://here/runbooks", "", "http://here/"}, start};
}

}  // namespace healthd::test
