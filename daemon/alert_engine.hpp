// From results to alerts. Pure: time comes in with each event (steady for durations, wall for display), so
// tests need no clock.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/alerts.hpp"
#include "daemon/damper.hpp"
#include "daemon/signal.hpp"
#include "exporters/alert.hpp"
#include "probes/moment.hpp"
#include "probes/result.hpp"

namespace healthd {

/// What the engine knows of a probe.
struct WatchedProbe {
  std::string name, stack, component, kind, target;
  Duration interval{}, timeout{};
  Window window;
  /// False for all but one of the probes that share a server: alerts about the server are raised once.
  bool speaks_for_server = true;
};

/// Where alerts point people to.
struct AlertLinks {
  std::string runbook_base_url;    ///< `.../runbooks`
  std::string dashboard_base_url;  ///< "" : no dashboard link
  std::string status_url;          ///< our own page
};

class AlertEngine {
 public:
  AlertEngine(std::vector<AlertRule> rules, std::vector<WatchedProbe> probes, AlertLinks links, Moment start);

  /// The alerts that fired or were resolved by this result. A delayed one counts for nothing.
  std::vector<Alert> on(const Outcome& outcome);
  /// The same for the passing of time; to be called about once a second. A gap between calls of more than
  /// five seconds means that this process slept: whatever was waiting goes on waiting.
  std::vector<Alert> on(Moment tick);

  /// The damped state of a probe: `down` from the window's verdict on, until it clears.
  Status state(const std::string& probe) const;
  /// The last result was a failure that the window has not judged yet: look again soon.
  bool suspect(const std::string& probe) const;

  /// Pending and firing ones, and those resolved in the last 15 minutes.
  std::vector<Alert> alerts() const;

 private:
  struct Instance {
    const AlertRule* rule;
    const WatchedProbe* probe;
    Damper damper;
    Alert alert;
    std::chrono::steady_clock::time_point seen = {};  ///< when something was last read about it
  };
  struct ProbeState {
    const WatchedProbe* probe;
    std::vector<const AlertRule*> rules;  ///< that concern it
    Damper damper;
    Status last = Status::unknown;
    Status settled = Status::unknown;  ///< the last status that was not an unjudged failure
    std::chrono::steady_clock::time_point known_at;
    std::string evidence;  ///< of the last result; "" where it found nothing wrong
    std::optional<std::chrono::system_clock::time_point> seen_at;  ///< when that was
  };
  using Key = std::pair<std::string, std::pair<std::string, std::string>>;  ///< rule, probe, label value

  Instance& instance(const AlertRule& rule, const WatchedProbe& probe, const std::string& label_value);
  void judge_probe(ProbeState& state, const Outcome& outcome);
  /// Adds what one rule reads out of a result, each reading with the alert that it may raise.
  void judge_rule(const AlertRule& rule, const ProbeState& state, const Outcome& outcome,
                  std::vector<std::pair<Instance*, Reading>>& judged);
  void add_departed(const AlertRule& rule, const ProbeState& state, const Outcome& outcome,
                    std::vector<Reading>& readings) const;
  void apply(Instance& instance, Damper::Change change, const Reading& reading, Moment now,
             std::vector<Alert>& out);
  void describe(Instance& instance, const Reading& reading);
  void check_stale(ProbeState& state, Moment now, std::vector<Alert>& out);
  void forget_old(Moment now);

  std::vector<AlertRule> rules_;
  std::vector<WatchedProbe> probes_;
  AlertLinks links_;
  std::map<std::string, ProbeState> states_;
  std::map<Key, Instance> instances_;
  std::map<std::pair<std::string, std::string>, SignalMemory> memories_;  ///< by rule and probe
  std::map<std::string, std::uint64_t> sequences_;  ///< by fingerprint, so that numbers only rise
  std::chrono::steady_clock::time_point last_tick_;
};

}  // namespace healthd
