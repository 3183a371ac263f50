#include "probes/statsd.hpp"

#include <algorithm>
#include <cmath>

namespace healthd {
namespace {

using Type = StatsdLine::Type;
using enum StatsdOutcome;

// Beyond these a line is a mistake or a lie.
constexpr double most_at_once = 1e6;          // events of one line
constexpr double longest_request = 86'400e3;  // in milliseconds
constexpr double most_workers = 100'000;

constexpr std::array<std::string_view, 5> class_names{"1xx", "2xx", "3xx", "4xx", "5xx"};
constexpr std::array<std::string_view, 4> level_names{"critical", "error", "warning", "exception"};
constexpr std::array<std::string_view, 3> ending_names{"success", "warning", "error"};
/// What Superset's StatsdStatsLogger puts before a name unless it is told otherwise.
constexpr std::string_view superset_prefix = "superset.";
constexpr std::array<std::string_view, statsd_outcome_count> outcome_names{"accepted", "unmapped",
                                                                           "malformed", "dropped"};

/// How many events a counter's line stands for; nullopt for what no counter can say.
std::optional<double> events(const StatsdLine& line) {
  const auto count = line.value / line.rate;
  return std::signbit(line.value) || count > most_at_once ? std::nullopt : std::optional{count};
}

/// One line, however many requests it stands for, is one step of work.
void observe(Histogram& histogram, double value, std::uint64_t times) {
  for (std::size_t i = histogram.bounds.size(); i > 0 && value <= histogram.bounds[i - 1]; --i)
    histogram.counts[i - 1] += times;
  histogram.total += times;
  histogram.sum += value * static_cast<double>(times);
}

/// The duration of a line of type `ms` goes to `histogram`; false for one that cannot be true.
bool take_time(const StatsdLine& line, Histogram& histogram) {
  const auto times = std::round(1 / line.rate);
  if (std::signbit(line.value) || line.value > longest_request || times > most_at_once) return false;
  observe(histogram, line.value / 1000, static_cast<std::uint64_t>(times));
  return true;
}

bool is_status(std::string_view code) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return code.size() == 3 && std::ranges::all_of(code, digit) && code[0] >= '1' && code[0] <= '5';
}

template <typename Values, typename Names>
void add_each(ProbeResult& result, const char* metric, const char* label, const Values& values,
              const Names& names) {
  for (std::size_t i = 0; i < values.size(); ++i)
    result.samples.push_back({metric, static_cast<double>(values[i]), {{label, std::string{names[i]}}}});
}

}  // namespace

/// A row of the list: a name, or its beginning where it ends in a dot.
struct StatsdCounters::Known {
  std::string_view name;
  Type type;
  StatsdOutcome (StatsdCounters::*take)(const StatsdLine&, std::string_view rest);

  bool fits(std::string_view other) const {
    return name.ends_with('.') ? other.starts_with(name) : other == name;
  }
};

/// Gunicorn ends a prefix of two characters or more in exactly one dot, and leaves a shorter one alone.
std::string gunicorn_prefix(std::string_view setting) {
  const auto last = setting.find_last_not_of('.');
  if (last == std::string_view::npos || last == 0) return std::string{setting};
  return std::string{setting.substr(0, last + 1)} + ".";
}

void StatsdCounters::take(std::string_view datagram, bool cut) {
  while (!datagram.empty()) {
    const auto end = datagram.find('\n');
    if (end == std::string_view::npos && cut) break;
    take_line(datagram.substr(0, end));
    datagram.remove_prefix(std::min(end, datagram.size() - 1) + 1);
  }
  if (cut) count(malformed);
}

void StatsdCounters::take_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) return;  // behind the last line end
  const auto parsed = parse_statsd_line(line);
  count(parsed ? sort(*parsed) : malformed);
}

StatsdOutcome StatsdCounters::sort(const StatsdLine& line) {
  // `gunicorn.requests` says again what the lines by status say.
  static constexpr std::array known{
      Known{"gunicorn.requests", Type::counter, &StatsdCounters::take_request},
      Known{"gunicorn.request.status.", Type::counter, &StatsdCounters::take_status},
      Known{"gunicorn.request.duration", Type::timer, &StatsdCounters::take_duration},
      Known{"gunicorn.workers", Type::gauge, &StatsdCounters::take_workers},
      Known{"gunicorn.log.", Type::counter, &StatsdCounters::take_log},
  };
  if (line.name.starts_with(superset_prefix) && !prefix_.starts_with(superset_prefix))
    return take_call(line, line.name.substr(superset_prefix.size()));
  if (!line.name.starts_with(prefix_)) return unmapped;
  const auto name = line.name.substr(prefix_.size());
  const auto fits = [&](const Known& row) { return row.type == line.type && row.fits(name); };
  const auto row = std::ranges::find_if(known, fits);
  return row == known.end() ? unmapped : (this->*row->take)(line, name.substr(row->name.size()));
}

StatsdOutcome StatsdCounters::take_request(const StatsdLine& line, std::string_view /*rest*/) {
  return events(line) ? accepted : malformed;
}

StatsdOutcome StatsdCounters::take_status(const StatsdLine& line, std::string_view rest) {
  if (!is_status(rest)) return unmapped;
  const auto more = events(line);
  if (!more) return malformed;
  requests_[static_cast<std::size_t>(rest[0] - '1')] += *more;
  return accepted;
}

StatsdOutcome StatsdCounters::take_duration(const StatsdLine& line, std::string_view /*rest*/) {
  return take_time(line, durations_) ? accepted : malformed;
}

/// `ChartRestApi.data.success`, or `.time` for how long the call took.
StatsdOutcome StatsdCounters::take_call(const StatsdLine& line, std::string_view name) {
  if (std::ranges::count(name, '.') != 2) return unmapped;
  const auto last = name.substr(name.rfind('.') + 1);
  if (line.type == Type::timer && last == "time")
    return take_time(line, call_durations_) ? accepted : malformed;
  const auto ending = std::ranges::find(ending_names, last);
  if (line.type != Type::counter || ending == ending_names.end()) return unmapped;
  const auto more = events(line);
  if (!more) return malformed;
  calls_[static_cast<std::size_t>(ending - ending_names.begin())] += *more;
  return accepted;
}

StatsdOutcome StatsdCounters::take_workers(const StatsdLine& line, std::string_view /*rest*/) {
  if (line.relative && !workers_) return accepted;  // a change of nobody knows what
  const auto value = (line.relative ? *workers_ : 0) + line.value;
  if (value < 0 || value > most_workers) return malformed;
  workers_ = value;
  return accepted;
}

StatsdOutcome StatsdCounters::take_log(const StatsdLine& line, std::string_view rest) {
  const auto level = std::ranges::find(level_names, rest);
  if (level == level_names.end()) return unmapped;
  const auto more = events(line);
  if (!more) return malformed;
  messages_[static_cast<std::size_t>(level - level_names.begin())] += *more;
  return accepted;
}

void StatsdCounters::report(ProbeResult& result) const {
  add_each(result, "healthd_gunicorn_requests_total", "code_class", requests_, class_names);
  add_each(result, "healthd_gunicorn_log_messages_total", "level", messages_, level_names);
  add_each(result, "healthd_statsd_packets_total", "outcome", outcomes_, outcome_names);
  if (workers_) result.samples.push_back({"healthd_gunicorn_workers", *workers_});
  result.histograms.push_back({"healthd_gunicorn_request_duration_seconds", durations_});
  add_each(result, "healthd_superset_api_calls_total", "outcome", calls_, ending_names);
  result.histograms.push_back({"healthd_superset_api_call_duration_seconds", call_durations_});
}

}  // namespace healthd
