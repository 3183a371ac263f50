#include <algorithm>
#include <array>
#include <map>

#include "config/load_parts.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

constexpr Duration shortest_interval = 100ms, longest_interval = 1h;
constexpr Duration shortest_timeout = 10ms;
constexpr Duration longest_keep = 24h;
constexpr int most_results = 100;  // that a window may look back on
constexpr std::array later_kinds{"superset", "docker", "host"};

/// What a probe inherits. Times that nobody set follow the probe's own interval.
struct Defaults {
  Duration interval = 15s;
  std::optional<Duration> timeout, retry_interval;
  Window window;
};

/// An explicit time longer than the interval makes no sense; an inherited one gives way.
Duration within_interval(Options& options, std::string_view key, std::optional<Duration> own,
                         Duration inherited, Duration interval) {
  if (!own) return std::min(inherited, interval);
  if (*own <= interval) return *own;
  options.error(key, std::string{key} + ": " + format_duration(*own) + " is longer than the interval, " +
                         format_duration(interval));
  return interval;
}

void read_times(Options& options, const Defaults& defaults, ProbeConfig& probe) {
  probe.interval =
      options.duration("interval", shortest_interval, longest_interval).value_or(defaults.interval);
  probe.timeout =
      within_interval(options, "timeout", options.duration("timeout", shortest_timeout, longest_interval),
                      defaults.timeout.value_or(5s), probe.interval);
  probe.retry_interval = within_interval(
      options, "retry_interval", options.duration("retry_interval", shortest_interval, longest_interval),
      defaults.retry_interval.value_or(std::max<Duration>(1s, probe.interval / 3)), probe.interval);
}

Window read_window(Options& options, const Window& inherited, Problems& problems) {
  const auto before = problems.size();
  auto map = options.map("thresholds");
  const auto count = [&](std::string_view key, int fallback) {
    return static_cast<int>(map.integer(key, fallback, 1, most_results));
  };
  Window window;
  window.consecutive = count("consecutive", inherited.consecutive);
  window.failures = count("failures", inherited.failures);
  window.of = count("of", inherited.of);
  window.successes = count("successes", inherited.successes);
  window.keep = map.duration("keep", Duration{0}, longest_keep).value_or(inherited.keep);
  // Who only raises `keep` means it, so an inherited limit gives way.
  window.keep_max =
      map.duration("keep_max", Duration{0}, longest_keep).value_or(std::max(inherited.keep_max, window.keep));
  if (problems.size() > before) return window;  // what replaces a wrong value is no ground for a complaint
  if (window.failures > window.of) {
    const auto* key = map.has("failures") ? "failures" : "of";
    map.error(key, "failures: " + std::to_string(window.failures) + " cannot be reached among the last " +
                       std::to_string(window.of) + " results (`of`)");
  }
  if (window.keep > window.keep_max) {
    map.error("keep_max", "keep_max: " + format_duration(window.keep_max) + " is shorter than keep, " +
                              format_duration(window.keep));
  }
  return window;
}

Defaults read_defaults(Options& root, Problems& problems) {
  auto options = root.map("defaults");
  ProbeConfig checked;  // the same checks as for a probe; what is not set stays open
  read_times(options, Defaults{}, checked);
  Defaults defaults;
  defaults.interval = checked.interval;
  if (options.has("timeout")) defaults.timeout = checked.timeout;
  if (options.has("retry_interval")) defaults.retry_interval = checked.retry_interval;
  defaults.window = read_window(options, Window{}, problems);
  return defaults;
}

/// "" after a problem; its kind's own keys are then not worth a complaint.
std::string read_kind(Options& options, const KnownNames& known) {
  auto kind = options.require_text("kind");
  if (std::ranges::find(known.probe_kinds, kind) != known.probe_kinds.end()) return kind;
  options.keys();
  if (kind.empty()) return "";
  const bool later = std::ranges::find(later_kinds, kind) != later_kinds.end();
  options.error("kind",
                later ? "kind: " + in_quotes(kind) + " is not supported by this version"
                      : "kind: unknown kind " + in_quotes(kind) + did_you_mean(kind, known.probe_kinds));
  return "";
}

ProbeConfig read_probe(Options& options, const Defaults& defaults, const KnownNames& known,
                       Problems& problems) {
  ProbeConfig probe;
  probe.name = read_name(options, "name", probe_name);
  probe.kind = read_kind(options, known);
  read_times(options, defaults, probe);
  probe.window = read_window(options, defaults.window, problems);
  if (options.has("depends_on")) probe.depends_on = options.texts("depends_on");
  probe.options = options;
  return probe;
}

using Graph = std::map<std::string, const ProbeConfig*>;

/// Walks on from `name`; true when that leads back to where `way` has been, which `way` then shows.
bool find_circle(const Graph& graph, const std::string& name, std::vector<std::string>& way,
                 std::set<std::string>& done) {
  if (const auto start = std::ranges::find(way, name); start != way.end()) {
    way.erase(way.begin(), start);
    way.push_back(name);
    return true;
  }
  const auto found = graph.find(name);
  if (found == graph.end() || !found->second->depends_on || !done.insert(name).second) return false;
  way.push_back(name);
  for (const auto& parent : *found->second->depends_on) {
    if (parent != name && find_circle(graph, parent, way, done)) return true;
  }
  way.pop_back();
  return false;
}

void report_circles(const std::vector<ProbeConfig>& probes, Problems& problems) {
  Graph graph;
  for (const auto& probe : probes) graph.emplace(probe.name, &probe);
  std::set<std::string> done;
  for (const auto& probe : probes) {
    std::vector<std::string> way;
    if (!find_circle(graph, probe.name, way, done)) continue;
    std::string text;
    for (const auto& name : way) text += (text.empty() ? "" : " -> ") + name;
    problems.error(graph.at(way.front())->options.place("depends_on"), "depends_on: a circle: " + text);
  }
}

}  // namespace

void check_dependencies(const std::vector<ProbeConfig>& probes, const UniqueNames& names,
                        Problems& problems) {
  for (const auto& probe : probes) {
    if (!probe.depends_on) continue;
    for (std::size_t i = 0; i < probe.depends_on->size(); ++i) {
      const auto& parent = (*probe.depends_on)[i];
      const auto place = probe.options.place("depends_on", i);
      if (parent == probe.name) {
        problems.error(place, "depends_on: a probe cannot depend on itself");
      } else if (!names.contains(parent)) {
        problems.error(
            place, "depends_on: no probe is named " + in_quotes(parent) + did_you_mean(parent, names.list()));
      }
    }
  }
  report_circles(probes, problems);
}

void load_probes(Options& root, const KnownNames& known, Config& config, Problems& problems) {
  const auto defaults = read_defaults(root, problems);
  config.window = defaults.window;
  const auto before = problems.size();
  auto list = root.maps("probes");
  if (list.empty() && problems.size() == before)
    root.error("probes", "probes: at least one probe is required");
  UniqueNames names;
  for (auto& options : list) {
    auto probe = read_probe(options, defaults, known, problems);
    names.add(options, probe.name);
    if (!probe.kind.empty()) config.probes.push_back(std::move(probe));
  }
  check_dependencies(config.probes, names, problems);
}

}  // namespace healthd
