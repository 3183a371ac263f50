// What the engine hands to the state file, and how it goes on from there.
#include <algorithm>
#include <utility>

#include "daemon/alert_engine.hpp"

namespace healthd {
namespace {

std::optional<Duration> age(std::optional<std::chrono::steady_clock::time_point> then, Moment now) {
  if (!then) return std::nullopt;
  return std::chrono::round<Duration>(now.steady - *then);
}

std::optional<std::chrono::steady_clock::time_point> moment(std::optional<Duration> since, Moment now) {
  if (!since) return std::nullopt;
  return now.steady - *since;
}

}  // namespace

std::vector<EngineMemory> AlertEngine::take_changed(Moment now, bool all) {
  auto changed = std::exchange(forgotten_, {});
  for (auto& [key, entry] : instances_) {
    const bool lives = entry.damper.state() != Damper::State::clear;
    if (!std::exchange(entry.changed, false) && !(all && lives)) continue;
    changed.push_back({.rule = entry.rule->name,
                       .probe = entry.probe->name,
                       .label_value = key.second.second,
                       .damper = entry.damper.remember_all(now.steady),
                       .alert = entry.alert,
                       .bad = entry.bad,
                       .raised = age(entry.raised_at, now),
                       .held = age(entry.held_since, now)});
  }
  for (auto& [name, state] : states_) {
    const bool lives = state.damper.state() != Damper::State::clear;
    if (!std::exchange(state.changed, false) && !(all && lives)) continue;
    EngineMemory memory;
    memory.probe = name;
    memory.damper = state.damper.remember_all(now.steady);
    changed.push_back(std::move(memory));
  }
  return changed;
}

std::vector<Alert> AlertEngine::restore(const std::vector<EngineMemory>& memories, Moment now) {
  std::vector<Alert> orphans;
  for (const auto& memory : memories) {
    const auto state = states_.find(memory.probe);
    if (memory.rule.empty()) {
      if (state != states_.end()) state->second.damper.restore(memory.damper, now.steady);
      continue;
    }
    const auto rule = std::ranges::find(rules_, memory.rule, &AlertRule::name);
    auto& sequence = sequences_[fingerprint(memory.alert.labels)];
    sequence = std::max(sequence, memory.alert.sequence);
    const bool watched = state != states_.end() && rule != rules_.end() &&
                         std::ranges::find(state->second.rules, &*rule) != state->second.rules.end();
    const bool same = watched && instance(*rule, *state->second.probe, memory.label_value).alert.labels ==
                                     memory.alert.labels;
    if (!same) {
      auto gone = memory;
      gone.gone = true;
      forgotten_.push_back(gone);
      const auto before = memory.alert.state;
      if (before != AlertState::firing && before != AlertState::suppressed) continue;
      auto orphan = memory.alert;
      orphan.state = AlertState::resolved;
      orphan.ends_at = now.wall;
      orphan.annotations["note"] = "Closed because the configuration watches it no more.";
      orphans.push_back(std::move(orphan));
      continue;
    }
    auto& entry = instance(*rule, *state->second.probe, memory.label_value);
    entry.damper.restore(memory.damper, now.steady);
    entry.alert = memory.alert;
    entry.alert.generator_url = links_.status_url;
    entry.bad = memory.bad;
    entry.raised_at = moment(memory.raised, now);
    entry.held_since = moment(memory.held, now);
    entry.seen = now.steady;
  }
  return orphans;
}

std::vector<Alert> AlertEngine::unraised(const std::string& probe) {
  std::vector<Alert> alerts;
  const auto state = states_.find(probe);
  if (state == states_.end()) return alerts;
  for (const auto* rule : state->second.rules) {
    if (!rule->label.empty() || rule->severity == "none") continue;
    const auto& entry = instance(*rule, *state->second.probe, "");
    if (entry.damper.state() != Damper::State::clear) continue;
    auto alert = entry.alert;
    alert.state = AlertState::resolved;
    alert.annotations["summary"] = rule->summary;
    alerts.push_back(std::move(alert));
  }
  return alerts;
}

void AlertEngine::set_incident(const std::string& fingerprint_, const std::string& incident) {
  for (auto& [key, entry] : instances_) {
    if (fingerprint(entry.alert.labels) != fingerprint_ || entry.alert.incident == incident) continue;
    entry.alert.incident = incident;
    entry.changed = true;
  }
}

}  // namespace healthd
