// From results to alerts. Pure: time comes in with each event (steady for durations, wall for display), so
// tests need no clock.
//
// A rule's damper says when an alert is raised and when it is over. What is raised is told to people unless
// something holds it back: a part that it depends on and that fails itself, an alert that explains it, a
// silence, a maintenance window. Only the beginning is held back, never the end of what was told.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/alerts.hpp"
#include "daemon/damper.hpp"
#include "daemon/dependencies.hpp"
#include "daemon/engine_memory.hpp"
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

/// What may hold an alert back beside its cause.
struct Restraint {
  using Wall = std::chrono::system_clock::time_point;
  /// People's word: `silence 7f3a by ann`, `maintenance sunday`; "" for nothing.
  std::function<std::string(const std::map<std::string, std::string>& labels, Wall now)> by_people = {};
  /// Until then nothing is raised about a probe that has not succeeded since we started.
  Wall boot_grace_until = {};
};

class AlertEngine {
 public:
  AlertEngine(std::vector<AlertRule> rules, std::vector<WatchedProbe> probes, AlertLinks links, Moment start,
              Dependencies dependencies = {}, Restraint restraint = {});
  AlertEngine(const AlertEngine&) = delete;
  AlertEngine& operator=(const AlertEngine&) = delete;

  /// What this result changed: alerts that fire, are resolved, or are held back (`suppressed`, and `resolved`
  /// with `suppressed_by` once that is over: nobody was told). A delayed one counts for nothing.
  std::vector<Alert> on(const Outcome& outcome);
  /// The same for the passing of time; to be called about once a second. A gap between calls of more than
  /// five seconds means that this process slept: whatever was waiting goes on waiting.
  std::vector<Alert> on(Moment tick);

  /// The damped state of a probe: `down` from the window's verdict on, until it clears.
  Status state(const std::string& probe) const;
  /// A critical alert about it is held back by its cause.
  bool suppressed(const std::string& probe) const;
  /// The last result was a failure that the window has not judged yet: look again soon.
  bool suspect(const std::string& probe) const;
  /// Probes that `probe` needs and that should be looked at now, because it failed and they may be why.
  std::vector<std::string> wanted_looks(const std::string& probe) const;

  /// One may be the other's cause.
  bool related(const Alert& one, const Alert& other) const;
  /// For the alert's fingerprint, so that pages can show it.
  void set_incident(const std::string& fingerprint, const std::string& incident);

  /// Pending, suppressed and firing ones, and those resolved in the last 15 minutes.
  std::vector<Alert> alerts() const;

  /// Of the alerts that a probe may raise, and that no label tells apart: those that are not up, as resolved.
  std::vector<Alert> unraised(const std::string& probe);

  /// What changed since the last call, for the state file. `all`: also what only aged.
  std::vector<EngineMemory> take_changed(Moment now, bool all);
  /// Goes on from there; to be called before the first event. What was told and is watched no more is
  /// returned as resolved.
  std::vector<Alert> restore(const std::vector<EngineMemory>& memories, Moment now);

 private:
  using Steady = std::chrono::steady_clock::time_point;

  struct Instance {
    const AlertRule* rule;
    const WatchedProbe* probe;
    Damper damper;
    Alert alert;
    Steady seen = {};             ///< when something was last read about it
    bool bad = false;             ///< the last reading
    Steady failed_began_at = {};  ///< the beginning of the run that read bad last
    Steady failing_since = {};    ///< the end of the first run of those that read bad without a break
    std::optional<Steady> raised_at = {};    ///< by the damper; whether people were told is the alert's state
    std::optional<Steady> held_since = {};   ///< first held back by a cause, since it was raised
    std::optional<Steady> fresh_after = {};  ///< let go by what held it: wants a failure that began later
    bool changed = false;                    ///< since take_changed()
  };
  /// One run in short, for the evidence.
  struct Glance {
    std::chrono::system_clock::time_point at;
    Status status;
    Reason reason;
  };
  struct ProbeState {
    const WatchedProbe* probe;
    std::vector<const AlertRule*> rules = {};  ///< that concern it
    Damper damper;
    Status last = Status::unknown;
    Status settled = Status::unknown;  ///< the last status that was not an unjudged failure
    Steady known_at;
    Steady began_at = {};       ///< of the last run
    bool succeeded = false;     ///< since we started
    std::string evidence = {};  ///< of the last result; "" where it found nothing wrong
    std::optional<std::chrono::system_clock::time_point> seen_at = {};  ///< when that was
    std::deque<Glance> before = {};  ///< the runs before the last, newest first
    std::vector<std::pair<std::string, std::string>> good_facts =
        {};  ///< what a server said of itself when well
    std::optional<std::chrono::system_clock::time_point> good_at = {};
    bool changed = false;
  };
  using Key = std::pair<std::string, std::pair<std::string, std::string>>;  ///< rule, probe, label value

  /// What stands between a raised alert and people.
  struct Held {
    enum class Kind { nothing, waits, suppressed } kind = Kind::nothing;
    std::string by = {};     ///< of a suppressed one, in words
    std::string cause = {};  ///< fingerprint of the alert that explains it
  };
  enum class Accused { no, maybe, yes };

  Instance& instance(const AlertRule& rule, const WatchedProbe& probe, const std::string& label_value);
  void judge_probe(ProbeState& state, const Outcome& outcome);
  /// Adds what one rule reads out of a result, each reading with the alert that it may raise.
  void judge_rule(const AlertRule& rule, const ProbeState& state, const Outcome& outcome,
                  std::vector<std::pair<Instance*, Reading>>& judged);
  void add_departed(const AlertRule& rule, const ProbeState& state, const Outcome& outcome,
                    std::vector<Reading>& readings) const;
  void note_evidence(ProbeState& state, const Outcome& outcome, bool wrong);
  static void note_reading(Instance& instance, bool bad, Steady began_at, Moment now);
  void apply(Instance& instance, Damper::Change change, const Reading& reading, Moment now,
             std::vector<Alert>& out);
  void describe(Instance& instance, const Reading& reading);
  void check_stale(ProbeState& state, Moment now, std::vector<Alert>& out);
  void forget_old(Moment now);

  // alert_engine_gate.cpp
  void settle_raised(Moment now, std::vector<Alert>& out);
  void settle(Instance& instance, const Held& held, Moment now, std::vector<Alert>& out);
  static bool is_fresh(const Instance& instance);
  void release(Instance& instance, Moment now, std::vector<Alert>& out);
  Held held(const Instance& instance, Moment now) const;
  Held held_by_named(const Instance& instance, Moment now) const;
  Held held_by_ancestors(const Instance& instance, Moment now) const;
  Held worst_accused(const Instance& held, const std::function<bool(const Instance&)>& is_cause,
                     Moment now) const;
  Accused accused(const Instance& instance, const Instance& child, Moment now) const;
  bool awaits_look(const Instance& instance, const ProbeState& ancestor, Moment now) const;

  std::vector<AlertRule> rules_;
  std::vector<WatchedProbe> probes_;
  AlertLinks links_;
  Dependencies dependencies_;
  Restraint restraint_;
  std::map<std::string, ProbeState> states_;
  std::map<Key, Instance> instances_;
  std::map<std::pair<std::string, std::string>, SignalMemory> memories_;  ///< by rule and probe
  std::map<std::string, std::uint64_t> sequences_;  ///< by fingerprint, so that numbers only rise
  std::vector<EngineMemory> forgotten_;             ///< rows that are to go
  Steady last_tick_;
};

}  // namespace healthd
