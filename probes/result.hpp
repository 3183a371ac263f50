// What a probe found: plain values, without clock or identity, that every other room reads.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/histogram.hpp"

namespace healthd {

/// `down` is a failure; `up` and `degraded` are successes; `unknown` is neither: we could not tell.
enum class Status : std::uint8_t { up, degraded, down, unknown };

/// Why a result is not `up`. A closed set, because it is a metric label and a runbook anchor.
enum class Reason : std::uint8_t {
  none,
  resolve,
  connect_refused,
  connect_timeout,
  unreachable,
  tls_handshake,
  tls_expired,
  tls_not_yet_valid,
  tls_hostname,
  tls_untrusted,
  tls_protocol,
  auth,
  permission,
  protocol,
  reset,
  timeout,
  http_status,
  body_mismatch,
  too_large,
  query_error,
  too_many_connections,
  starting,
  read_only,
  oom,
  loading,
  busy,
  misconf,
  masterdown,
  maxclients,
  no_reply,
  not_consuming,
  role_changed,
  noreplicas,
  saturated,
  duplicate,
  wrong_database,
  schema_mismatch,
  config_mismatch,
  slow,
  stale,
  internal,
};
constexpr std::size_t reason_count = static_cast<std::size_t>(Reason::internal) + 1;

/// Where in a run the time went.
enum class Phase : std::uint8_t { resolve, connect, tls, auth, request, first_byte, transfer };
constexpr std::size_t phase_count = static_cast<std::size_t>(Phase::transfer) + 1;

std::string_view to_string(Status status);
std::string_view to_string(Reason reason);
std::string_view to_string(Phase phase);

/// Seconds spent in each phase of one run; nullopt where the run never entered the phase.
struct Phases {
  std::optional<double> seconds[phase_count];
  std::optional<double>& operator[](Phase phase) { return seconds[static_cast<std::size_t>(phase)]; }
  const std::optional<double>& operator[](Phase phase) const {
    return seconds[static_cast<std::size_t>(phase)];
  }
};

using Labels = std::vector<std::pair<std::string, std::string>>;

/// One measured value. `name` is a metric of the catalogue; labels are those the catalogue lists beyond
/// `stack probe component kind`, which the exporter adds.
struct Sample {
  std::string name;
  double value = 0;
  Labels labels = {};
};

/// A histogram of the catalogue, kept by the probe over its runs.
struct HistogramSample {
  std::string name;
  Histogram histogram;
  Labels labels = {};
};

/// What went wrong, or nothing. The currency of every brick below a probe.
struct Failure {
  Reason reason = Reason::none;
  std::string detail = {};
  explicit operator bool() const { return reason != Reason::none; }
};

/// The finding of one check of a probe (`https`, `redirect`, `connect`, `query` ...).
struct CheckResult {
  std::string name;
  Status status = Status::unknown;
  Reason reason = Reason::none;
  std::string detail = {};
};

struct ProbeResult {
  Status status = Status::unknown;
  Reason reason = Reason::none;
  /// One line for a person. No secrets; control characters are escaped by whoever prints.
  std::string detail = {};
  bool waiting = false;  ///< unknown only because it is too early to tell; no sign of staleness
  Phases phases = {};
  std::optional<Phase> timed_out_in = {};
  std::vector<CheckResult> checks = {};
  std::vector<Sample> samples = {};
  std::vector<HistogramSample> histograms = {};
  std::vector<std::pair<std::string, std::string>> evidence = {};
  /// How long the target asked to be left alone, or should be (a login that is refused is not tried at once
  /// again). The scheduler leaves out at most one slot for it.
  std::chrono::milliseconds rest{};
};

/// A result with its identity and time, as it leaves the scheduler.
struct Outcome {
  std::string probe;
  ProbeResult result;
  std::chrono::system_clock::time_point at;         ///< when the run ended, for display
  std::chrono::steady_clock::time_point steady_at;  ///< when the run ended, for durations
  std::chrono::nanoseconds took{};
  bool delayed = false;  ///< our own process stalled during the run: counts as neither success nor failure
};

/// A check's result from what stood in its way: nothing is up; `auth`, `permission` and `internal` are
/// unknown (our fault, not an outage); anything else is down.
CheckResult judge(std::string name, Failure failure);

/// The probe's verdict from its checks: that of the first (main) check if it is down or unknown, otherwise
/// `degraded` by the first side check that failed, otherwise up.
void conclude(ProbeResult& result);

const CheckResult* find_check(const ProbeResult& result, std::string_view name);

}  // namespace healthd
