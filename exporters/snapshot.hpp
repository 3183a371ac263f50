// Everything that pages and metrics show, as of one moment. Plain values: rendered on another thread, never
// changed once made.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporters/alert.hpp"
#include "exporters/incident.hpp"
#include "probes/histogram.hpp"
#include "probes/result.hpp"

namespace healthd {

/// Bounds for how late something of ours was, in seconds.
std::vector<double> lag_buckets();

/// One run of a probe that is over, as small as it can be: every probe keeps many.
struct PastResult {
  std::uint32_t at = 0;       ///< seconds since the epoch
  std::int32_t waiting = -1;  ///< messages in all queues, where the probe counts them; -1: it does not
  Status status = Status::unknown;

  std::chrono::system_clock::time_point time() const {
    return std::chrono::system_clock::time_point{std::chrono::seconds{at}};
  }
};
/// Oldest first.
using PastResults = std::vector<PastResult>;
constexpr std::size_t most_past_results = 90;

struct ProbeView {
  using Time = std::chrono::system_clock::time_point;

  std::string name, kind, component, target;
  double interval_seconds = 0;
  double timeout_seconds = 0;

  std::optional<Outcome> last;     ///< nullopt until the first run ended
  Status state = Status::unknown;  ///< damped by the window
  bool suppressed = false;         ///< it is not up because of another part, which is what people are told
  std::optional<Time> since;       ///< of the state
  std::optional<Time> last_success_at, last_failure_at;
  std::shared_ptr<const PastResults> past_results;  ///< at most `most_past_results`; nullptr for none
  const PastResults& past() const {
    static const PastResults none;
    return past_results ? *past_results : none;
  }

  std::uint64_t runs = 0;
  std::uint64_t restarts = 0;     ///< of its loop, which had ended or hung: a bug of ours
  std::uint64_t overruns = 0;     ///< slots skipped because a run was still going on
  std::uint64_t transitions = 0;  ///< up <-> down of the damped state
  int consecutive_failures = 0;
  std::array<std::uint64_t, reason_count> failures{};  ///< by reason
  std::array<std::uint64_t, phase_count> timeouts{};   ///< by phase
  std::map<std::string, std::uint64_t> http_classes;   ///< `2xx` ..., `none`; HTTP kinds only
  Histogram duration;
  Histogram start_lateness;  ///< start of the run minus its slot
};

struct ComponentView {
  std::string name;
  Status state = Status::unknown;
  std::optional<std::chrono::system_clock::time_point> since;
};

struct ReceiverView {
  std::string name;
  std::uint64_t sent = 0;
  std::uint64_t attempts = 0;
  std::map<std::string, std::uint64_t> failures;  ///< by Delivery::reason
  std::size_t queue_length = 0;
  double oldest_unsent_seconds = 0;  ///< 0: nothing waits
  std::uint64_t collapsed = 0;       ///< alerts that came and went untold
  std::optional<std::chrono::system_clock::time_point> last_success_at;
};

/// A silence or a maintenance that is on.
struct LeverView {
  std::string id;
  std::string what;  ///< what it holds back: matchers, or parts
  std::chrono::system_clock::time_point starts_at, ends_at;
  std::string author, comment;  ///< "" for none
};

/// The sign of life that we send.
struct HeartbeatView {
  bool wanted = false;
  std::optional<std::chrono::system_clock::time_point> last_success_at;
  std::uint64_t successes = 0, failures = 0;
  bool last_sent = false;  ///< the last one arrived
  std::string trouble;     ///< what the last one said is wrong with us; "" for nothing
};

/// What we speak TLS to without verifying its certificate, because the configuration says so.
struct UnverifiedView {
  std::string part;  ///< `probe`, `receiver` or `heartbeat`
  std::string name;
};

struct RunbookLink {
  std::string slug;
  std::string title;
};

struct Snapshot {
  std::string stack, version, revision, compiler;
  std::chrono::system_clock::time_point taken_at;
  std::chrono::system_clock::time_point started_at;
  std::chrono::steady_clock::duration uptime{};
  bool ready = false;  ///< every probe has had a first result
  Status state = Status::unknown;
  std::vector<ComponentView> components;
  std::vector<ProbeView> probes;
  std::vector<Alert> alerts;  ///< pending and firing, and those resolved a short while ago
  std::vector<ReceiverView> receivers;
  std::shared_ptr<const std::vector<Incident>> recent_incidents;  ///< newest first; nullptr for none
  const std::vector<Incident>& incidents() const {
    static const std::vector<Incident> none;
    return recent_incidents ? *recent_incidents : none;
  }
  std::uint64_t incident_count = 0;               ///< since we started
  std::vector<LeverView> silences, maintenances;  ///< that are on
  bool store_wanted = false, store_ok = false;
  std::string store_trouble;  ///< "" for none
  std::optional<std::chrono::system_clock::time_point> last_persist_at;
  HeartbeatView heartbeat;
  std::vector<UnverifiedView> unverified;
  bool blind = false;  ///< every target fails, and our own connectivity check as well
  Histogram loop_lag;  ///< timer fired minus timer due
  std::map<std::string, std::uint64_t> log_messages;                           ///< by level: warning, error
  std::map<std::pair<std::string, std::string>, std::uint64_t> http_requests;  ///< by handler, code
  std::map<std::string, std::uint64_t> dropped_series;  ///< by metric, as counted by admit_samples()
  bool config_last_reload_successful = true;
  std::optional<std::chrono::system_clock::time_point> config_last_reload_success_at;
};

}  // namespace healthd
