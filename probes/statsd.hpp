// What Gunicorn tells of its requests over statsd, and Superset of its API's calls, added up. Pure: no
// socket, no clock. Only names of a fixed list count, so nobody who sends can make this grow.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "probes/histogram.hpp"
#include "probes/result.hpp"
#include "probes/statsd_line.hpp"

namespace healthd {

/// `accepted`: a line of the list; `unmapped`: a good line that is not; `malformed`: no line of the protocol,
/// or a value that cannot be true; `dropped`: a datagram that was never read.
enum class StatsdOutcome : std::uint8_t { accepted, unmapped, malformed, dropped };
constexpr std::size_t statsd_outcome_count = static_cast<std::size_t>(StatsdOutcome::dropped) + 1;

/// What Gunicorn makes of its setting `statsd_prefix`: all that stands before a name.
std::string gunicorn_prefix(std::string_view setting);

class StatsdCounters {
 public:
  /// `setting`: Gunicorn's `statsd_prefix`.
  explicit StatsdCounters(std::string_view setting = "") : prefix_{gunicorn_prefix(setting)} {}

  /// One datagram. `cut`: it was longer than what is here, so its last line is not whole.
  void take(std::string_view datagram, bool cut = false);
  void drop(std::uint64_t datagrams) { count(StatsdOutcome::dropped, datagrams); }
  /// A gauge stands only as long as its changes are heard.
  void forget_workers() { workers_.reset(); }

  void report(ProbeResult& result) const;

 private:
  static constexpr std::size_t classes = 5;  ///< of status codes: 1xx to 5xx
  static constexpr std::size_t levels = 4;
  static constexpr std::size_t endings = 3;  ///< of a call: success, warning, error

  struct Known;
  StatsdOutcome sort(const StatsdLine& line);
  StatsdOutcome take_request(const StatsdLine& line, std::string_view rest);
  StatsdOutcome take_status(const StatsdLine& line, std::string_view rest);
  StatsdOutcome take_duration(const StatsdLine& line, std::string_view rest);
  StatsdOutcome take_workers(const StatsdLine& line, std::string_view rest);
  StatsdOutcome take_log(const StatsdLine& line, std::string_view rest);
  StatsdOutcome take_call(const StatsdLine& line, std::string_view name);
  void take_line(std::string_view line);
  void count(StatsdOutcome outcome, std::uint64_t more = 1) {
    outcomes_[static_cast<std::size_t>(outcome)] += more;
  }

  std::string prefix_;
  std::array<double, classes> requests_{};  ///< not whole where a sender samples
  std::array<double, levels> messages_{};
  std::array<std::uint64_t, statsd_outcome_count> outcomes_{};
  std::optional<double> workers_;  ///< nullopt until told
  Histogram durations_{duration_buckets()};
  std::array<double, endings> calls_{};
  Histogram call_durations_{duration_buckets()};
};

}  // namespace healthd
