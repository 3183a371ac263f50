#include "probes/celery_options.hpp"

#include <algorithm>
#include <charconv>

namespace healthd {
namespace {

constexpr std::size_t most_queues = 16;
constexpr std::size_t most_steps = 10;

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

}  // namespace

CeleryOptions read_celery_options(Options& options) {
  CeleryOptions read;
  read.queues = read_queues(options);
  read.expected_workers = options.integer("expected_workers", 0, 0, 10'000);
  read.visibility_timeout = options.duration("visibility_timeout", read.visibility_timeout);
  read.passive = options.flag("passive", false);
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
  for (const auto& queue : own.queues)
    if (std::ranges::find(broker.queues(), queue) == broker.queues().end()) broker.queues().push_back(queue);
}

}  // namespace healthd
