// The alert catalogue: one table (`config/alerts.yaml`) that feeds the engine, the rules, the docs and the
// tests.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.hpp"
#include "config/problem.hpp"

namespace healthd {

/// What an alert looks at. Each kind reads the fields named with it.
struct Signal {
  enum class Kind {
    check,      ///< a check of the probe failed: `check`, or any of several (`connect|query`)
    value,      ///< `metric`
    ratio,      ///< sum of `metric` / (`of` - `minus`)
    age,        ///< now - `metric` (a timestamp), unless `unless_falling` is falling
    remaining,  ///< `metric` (a timestamp) - now; with `since`, also as a share of the span between both
    reason,     ///< the result's or a check's reason is one of `reasons`
    increase,   ///< rise of the counter `metric`, less that of `minus`, `over` a time
    share,  ///< rise of `metric` / rise of `of`, `over` a time, if the latter is at least `at_least` a second
    quantile,  ///< of the durations of runs (`metric` is healthd_probe_duration_seconds) or of a histogram
    flips,     ///< changes between success and failure of the probe `over` a time
    count,     ///< series of `metric`
    always,    ///< it is so, whatever the result
    stale,     ///< no result, or only `unknown` ones, for longer than the contract allows
  };
  Kind kind = Kind::check;
  /// One name, or several joined by `|`: then it fails when any of them failed, and succeeds when none failed
  /// and at least one succeeded.
  std::string check;
  std::string metric;
  /// Only samples whose label `first` has the value `second`; "" for all.
  std::pair<std::string, std::string> match;
  std::string of, minus;
  std::string since;
  std::string unless_falling;
  std::vector<std::string> reasons;
  /// With `check`: a failure for one of these reasons is another alert's business.
  std::vector<std::string> except;
  Duration over{};          ///< the window of increase, share, quantile, flips
  bool per_second = false;  ///< with `increase`: the rise divided by the window
  double at_least = 0;      ///< with `share`
  double quantile = 0;
  /// With `increase`: no good while samples with this label and value have risen as well.
  std::pair<std::string, std::string> unless;
  /// Only where this metric, of the same thing, has this value.
  std::pair<std::string, double> only_with;
  std::string where;           ///< only results that hold this metric count
  std::string times;           ///< the threshold is to be multiplied by this metric
  std::string absent_is_good;  ///< where this check is up, the metric's absence is a good finding
};

/// Placeholders of `description`: {probe} and {target} always; {reason} and {detail} where the signal is
/// `check` or `reason`; {value} and {threshold} where there is a threshold, in the signal's unit: a ratio as
/// a percentage, `age` and `remaining` as a duration, `value` as a number; {<label>} where the rule has that
/// label.
struct AlertRule {
  std::string name;       ///< CamelCase
  std::string severity;   ///< `critical`, `warning`, `none`
  std::string component;  ///< of the stack, or `any`: every probe
  std::string runbook;    ///< slug of the page in ops/runbooks
  Signal signal;
  /// The threshold, one of both, in seconds for ages; none for check, reason and stale.
  std::optional<double> above, below;
  double below_share = 0;  ///< with `since`: also less than this share of the whole span
  /// Of several probes on one server, only the one that speaks for it raises the alert.
  bool server_wide = false;
  /// With `server_wide`: failures for these reasons concern one probe, which raises the alert for itself.
  std::vector<std::string> own_reasons = {};
  /// Judged by Prometheus alone.
  bool prometheus_only = false;
  bool windowed = false;  ///< fires by the probe's window of failures instead of `hold` (availability alerts)
  Duration hold{0};       ///< `for`
  std::string label;    ///< the one extra label that tells several apart: `queue`, `worker` ...; "" for none
  std::string summary;  ///< a fixed sentence
  std::string description;       ///< one sentence or two, with placeholders
  std::string first_steps = {};  ///< of the runbook, in plain words; filled in by the daemon
  /// No fault of another part explains it: it is raised whatever the parts that it depends on do.
  bool independent = false;
  /// Held back while one of these is up on the same server or, where it is about another component, on any.
  std::vector<std::string> effect_of = {};
};

/// The part is out of order now, which explains what needs it; a loss of data or a limit that comes nearer
/// does not.
bool is_outage(const AlertRule& rule);

/// The built-in catalogue, compiled into the program from config/alerts.yaml.
std::string_view built_in_alerts();

/// Reads a catalogue: strict, every problem at once.
std::vector<AlertRule> load_alert_rules(std::string_view text, const std::string& name, Problems& problems);

}  // namespace healthd
