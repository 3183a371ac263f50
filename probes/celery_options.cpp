#include "probes/celery_options.hpp"

#include <algorithm>
#include <charconv>

namespace healthd {
namespace {

constexpr std::size_t most_queues = 16;
constexpr std::size_t most_steps = 10;
constexpr std::chrono::seconds least_interval{1};

/// As Celery takes it: `false` for no prefix, `true` for the usual one, else the text itself.
std::string read_fanout_prefix(Options& options, const std::string& usual) {
  const auto text = options.text("fanout_prefix", usual);
  if (text == "true") return usual;
  return text == "false" ? std::string{} : text;
}

std::vector<int> read_steps(Options& options, std::vector<int> usual) {
  const auto texts = options.texts("priority_steps");
  if (texts.empty()) return usual;
  std::vector<int> steps;
  for (const auto& text : texts) {
    int step = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), step);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    if (!whole || step < 0 || step > 9) {
      options.error("priority_steps", "priority_steps: expected numbers from 0 to 9, got \"" + text + "\"");
      return usual;
    }
    steps.push_back(step);
  }
  if (steps.size() > most_steps) options.error("priority_steps", "priority_steps: at most 10 steps");
  return steps;
}

std::vector<std::string> read_queues(Options& options) {
  auto queues = options.texts("queues");
  if (queues.empty()) queues.emplace_back("celery");
  if (queues.size() > most_queues) options.error("queues", "queues: at most 16 queues");
  auto sorted = queues;
  std::ranges::sort(sorted);
  if (const auto twice = std::ranges::adjacent_find(sorted); twice != sorted.end())
    options.error("queues", "queues: \"" + *twice + "\" is named twice");
  return queues;
}

void read_canary(Options& options, const CeleryOptions& read, CanaryOptions& canary) {
  if (!options.has("canary")) return;
  auto map = options.map("canary");
  canary.queues = map.texts("queues");
  canary.interval = map.duration("interval", canary.interval);
  canary.timeout = map.duration("timeout", canary.timeout);
  canary.result_database =
      static_cast<int>(map.integer("result_database", canary.result_database, 0, 1'000'000));
  if (canary.queues.empty()) map.error("queues", "queues: name the queues that test tasks may be put into");
  for (const auto& queue : canary.queues)
    if (std::ranges::find(read.queues, queue) == read.queues.end())
      map.error("queues", "queues: \"" + queue + "\" is not among the queues of this probe");
  if (canary.interval < least_interval) map.error("interval", "interval: at least 1s");
  if (canary.timeout < least_interval) map.error("timeout", "timeout: at least 1s");
  if (read.passive)
    options.error("canary", "canary: a passive probe writes nothing, so it can send no test task");
  if (!read.listening.task_results)
    options.error("canary",
                  "canary: the result of a test task is heard on the result channel; set task_results: true");
}

}  // namespace

CeleryOptions read_celery_options(Options& options, int database) {
  CeleryOptions read;
  read.queues = read_queues(options);
  read.expected_workers = options.integer("expected_workers", 0, 0, 10'000);
  read.visibility_timeout = options.duration("visibility_timeout", read.visibility_timeout);
  read.inspect_interval = options.duration("inspect_interval", read.inspect_interval);
  read.max_wait = options.duration("max_wait", read.max_wait);
  if (read.inspect_interval < least_interval)
    options.error("inspect_interval", "inspect_interval: at least 1s");
  if (read.max_wait < least_interval) options.error("max_wait", "max_wait: at least 1s");
  read.passive = options.flag("passive", false);
  read.listening.task_events = options.flag("task_events", true);
  read.listening.task_results = options.flag("task_results", true);
  read.listening.result_prefix = options.text("result_keyprefix") + std::string{result_key_prefix};
  read.names.fanout_patterns = options.flag("fanout_patterns", true);
  read.canary.result_database = database;
  read_canary(options, read, read.canary);
  read.names.key_prefix = options.text("global_keyprefix");
  read.names.fanout_prefix = read_fanout_prefix(options, read.names.fanout_prefix);
  read.names.separator = options.text("sep", read.names.separator);
  read.names.steps = read_steps(options, read.names.steps);
  return read;
}

void share_names(Options& options, const CeleryOptions& own, Broker& broker) {
  auto names = own.names;
  names.database = broker.names().database;
  const bool first = broker.queues().empty();
  if (!first && broker.names() != names)
    options.error("broker", "broker: another celery probe of this broker has other key names");
  broker.names() = names;
  if (!first && broker.passive() != own.passive)
    options.error("passive", "passive: another celery probe of this broker says otherwise");
  broker.passive() = broker.passive() || own.passive;
  auto& listening = broker.subscription().options();
  if (!first && listening != own.listening)
    options.error("broker", "broker: another celery probe of this broker listens to other channels");
  listening = own.listening;
  for (const auto& queue : own.queues)
    if (std::ranges::find(broker.queues(), queue) == broker.queues().end()) broker.queues().push_back(queue);
}

}  // namespace healthd
