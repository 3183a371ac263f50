#include "daemon/alert_engine.hpp"

#include <algorithm>

#include "config/clock.hpp"
#include "daemon/alert_text.hpp"

namespace healthd {
namespace {

constexpr std::chrono::hours forgotten_after{1};
constexpr std::chrono::minutes shown_after_resolve{15};
constexpr std::chrono::seconds slept{5};
constexpr std::chrono::seconds least_stale{60};

bool concerns(const AlertRule& rule, const WatchedProbe& probe) {
  if (rule.prometheus_only) return false;
  if (rule.component != "any" && rule.component != probe.component) return false;
  return probe.speaks_for_server || !rule.server_wide || !rule.own_reasons.empty();
}

/// Of a probe that does not speak for its server: what is wrong with the server is another probe's business.
bool is_servers(const AlertRule& rule, const WatchedProbe& probe, const Reading& reading) {
  if (probe.speaks_for_server || !rule.server_wide || !reading.bad) return false;
  return std::ranges::find(rule.own_reasons, to_string(reading.reason)) == rule.own_reasons.end();
}

std::chrono::steady_clock::duration stale_after(const WatchedProbe& probe) {
  return std::max<std::chrono::steady_clock::duration>(3 * probe.interval + probe.timeout, least_stale);
}

bool has_label(const Sample& sample, const std::string& name) {
  return std::ranges::find(sample.labels, name, &Labels::value_type::first) != sample.labels.end();
}

Damper damper_for(const AlertRule& rule, const WatchedProbe& probe) {
  if (rule.windowed) return Damper{probe.window};
  return {probe.window, rule.hold, 3 * probe.interval + probe.timeout};
}

}  // namespace

AlertEngine::AlertEngine(std::vector<AlertRule> rules, std::vector<WatchedProbe> probes, AlertLinks links,
                         Moment start, Dependencies dependencies, Restraint restraint)
    : rules_{std::move(rules)},
      probes_{std::move(probes)},
      links_{std::move(links)},
      dependencies_{std::move(dependencies)},
      restraint_{std::move(restraint)},
      last_tick_{start.steady} {
  for (const auto& probe : probes_) {
    ProbeState state{.probe = &probe, .damper = Damper{probe.window}, .known_at = start.steady};
    for (const auto& rule : rules_)
      if (concerns(rule, probe)) state.rules.push_back(&rule);
    states_.emplace(probe.name, std::move(state));
  }
}

AlertEngine::Instance& AlertEngine::instance(const AlertRule& rule, const WatchedProbe& probe,
                                             const std::string& label_value) {
  const Key key{rule.name, {probe.name, label_value}};
  if (const auto known = instances_.find(key); known != instances_.end()) return known->second;
  Instance made{.rule = &rule, .probe = &probe, .damper = damper_for(rule, probe), .alert = {}};
  made.alert.labels = {{"alertname", rule.name},
                       {"stack", probe.stack},
                       {"component", probe.component},
                       {"probe", probe.name},
                       {"severity", rule.severity}};
  if (!rule.label.empty()) made.alert.labels[rule.label] = label_value;
  made.alert.generator_url = links_.status_url;
  return instances_.emplace(key, std::move(made)).first->second;
}

void AlertEngine::judge_probe(ProbeState& state, const Outcome& outcome) {
  const Status status = outcome.result.status;
  state.last = status;
  if (outcome.result.waiting) state.known_at = outcome.steady_at;
  if (status == Status::unknown) {
    if (state.damper.state() != Damper::State::firing) state.settled = Status::unknown;
    return;
  }
  state.known_at = outcome.steady_at;
  const auto change = state.damper.observe(status == Status::down, outcome.steady_at);
  state.changed = state.changed || change != Damper::Change::none;
  if (status == Status::down) return;
  state.settled = status;
  state.succeeded = true;
}

/// A worker of which a result says nothing at all, although it speaks of others, is not there any more: its
/// alert must not stand for ever.
void AlertEngine::add_departed(const AlertRule& rule, const ProbeState& state, const Outcome& outcome,
                               std::vector<Reading>& readings) const {
  const auto& samples = outcome.result.samples;
  const bool speaks =
      std::ranges::any_of(samples, [&](const Sample& each) { return has_label(each, rule.label); });
  if (rule.label.empty() || outcome.result.status == Status::unknown || !speaks) return;
  for (auto entry = instances_.lower_bound({rule.name, {state.probe->name, ""}});
       entry != instances_.end() && entry->first.first == rule.name &&
       entry->first.second.first == state.probe->name;
       ++entry) {
    const auto& value = entry->first.second.second;
    const auto is_it = [&](const auto& label) { return label.first == rule.label && label.second == value; };
    const bool known = std::ranges::any_of(
        samples, [&](const Sample& sample) { return std::ranges::any_of(sample.labels, is_it); });
    if (known) continue;
    Reading gone;
    gone.label_value = value;
    readings.push_back(std::move(gone));
  }
}

void AlertEngine::judge_rule(const AlertRule& rule, const ProbeState& state, const Outcome& outcome,
                             std::vector<std::pair<Instance*, Reading>>& judged) {
  auto readings = read_signal(rule, outcome, memories_[{rule.name, state.probe->name}]);
  std::erase_if(readings, [&](const Reading& one) { return is_servers(rule, *state.probe, one); });
  if (readings.empty() && absence_is_good(rule, outcome) &&
      instances_.contains({rule.name, {state.probe->name, ""}}))
    readings.emplace_back();
  add_departed(rule, state, outcome, readings);
  for (auto& reading : readings) {
    // What is well from the start needs no alert to watch over.
    const bool needed = reading.bad || rule.label.empty() ||
                        instances_.contains({rule.name, {state.probe->name, reading.label_value}});
    if (!needed) continue;
    auto& entry = instance(rule, *state.probe, reading.label_value);
    entry.seen = outcome.steady_at;
    judged.emplace_back(&entry, std::move(reading));
  }
}

std::vector<Alert> AlertEngine::on(const Outcome& outcome) {
  std::vector<Alert> out;
  const auto found = states_.find(outcome.probe);
  if (found == states_.end() || outcome.delayed) return out;
  auto& state = found->second;
  state.began_at = outcome.steady_at - std::chrono::duration_cast<Steady::duration>(outcome.took);
  judge_probe(state, outcome);
  const Moment now{outcome.steady_at, outcome.at};
  std::vector<std::pair<Instance*, Reading>> judged;
  for (const auto* rule : state.rules) judge_rule(*rule, state, outcome, judged);
  const auto is_bad = [](const auto& one) { return one.second.bad; };
  note_evidence(state, outcome, outcome.result.status != Status::up || std::ranges::any_of(judged, is_bad));
  for (auto& [entry, reading] : judged) {
    note_reading(*entry, reading.bad, state.began_at, now);
    apply(*entry, entry->damper.observe(reading.bad, now.steady), reading, now, out);
  }
  check_stale(state, now, out);
  settle_raised(now, out);
  return out;
}

/// Most runs find nothing wrong, and nobody reads what they saw; only that they were is kept.
void AlertEngine::note_evidence(ProbeState& state, const Outcome& outcome, bool wrong) {
  constexpr std::size_t most_glances = 5;
  constexpr std::size_t most_evidence = 4096;
  state.evidence.clear();
  if (wrong) {
    state.evidence = evidence_text(outcome);
    for (const auto& [at, status, reason] : state.before) {
      state.evidence += &at == &state.before.front().at ? "\nbefore: " : ", ";
      state.evidence += rfc3339(at) + " " + std::string{to_string(status)};
      if (reason != Reason::none) state.evidence += " " + std::string{to_string(reason)};
    }
    const auto changes = changed_facts(state.good_facts, server_facts(outcome.result));
    if (!changes.empty() && state.good_at)
      state.evidence += "\nchanged since it was well at " + rfc3339(*state.good_at) + ": " + changes;
    if (state.evidence.size() > most_evidence) state.evidence.resize(most_evidence);
  } else {
    state.good_facts = server_facts(outcome.result);
    state.good_at = outcome.at;
  }
  state.seen_at = outcome.at;
  state.before.push_front({outcome.at, outcome.result.status, outcome.result.reason});
  if (state.before.size() > most_glances) state.before.pop_back();
}

std::vector<Alert> AlertEngine::on(Moment tick) {
  std::vector<Alert> out;
  const auto gap = tick.steady - last_tick_;
  last_tick_ = tick.steady;
  if (gap > slept) {
    for (auto& [name, state] : states_) state.known_at += gap;
    for (auto& [key, entry] : instances_) {
      entry.damper.skip(gap);
      for (auto* since : {&entry.raised_at, &entry.held_since})
        if (*since) **since += gap;
    }
  }
  for (auto& [key, entry] : instances_) apply(entry, entry.damper.tick(tick.steady), Reading{}, tick, out);
  for (auto& [name, state] : states_) check_stale(state, tick, out);
  settle_raised(tick, out);
  forget_old(tick);
  return out;
}

void AlertEngine::check_stale(ProbeState& state, Moment now, std::vector<Alert>& out) {
  for (const auto* rule : state.rules) {
    if (rule->signal.kind != Signal::Kind::stale) continue;
    const auto age = now.steady - state.known_at;
    Reading reading;
    reading.bad = age > stale_after(*state.probe);
    reading.value = std::chrono::duration<double>(age).count();
    reading.reason = Reason::stale;
    // Time passing is no good news by itself: only a result that could tell is.
    if (!reading.bad && state.known_at != now.steady) continue;
    auto& entry = instance(*rule, *state.probe, "");
    note_reading(entry, reading.bad, now.steady, now);
    apply(entry, entry.damper.observe(reading.bad, now.steady), reading, now, out);
  }
}

void AlertEngine::note_reading(Instance& entry, bool bad, Steady began_at, Moment now) {
  if (bad && !entry.bad) entry.failing_since = now.steady;
  if (bad) entry.failed_began_at = began_at;
  entry.bad = bad;
}

void AlertEngine::apply(Instance& entry, Damper::Change change, const Reading& reading, Moment now,
                        std::vector<Alert>& out) {
  auto& alert = entry.alert;
  if (reading.bad) describe(entry, reading);
  entry.changed = entry.changed || change != Damper::Change::none;
  if (change == Damper::Change::fired) {
    entry.raised_at = now.steady;
    entry.held_since.reset();
    entry.fresh_after.reset();
    alert.starts_at = now.wall - std::chrono::duration_cast<std::chrono::system_clock::duration>(
                                     now.steady - entry.damper.bad_since().value_or(now.steady));
    alert.ends_at.reset();
    alert.state = AlertState::pending;
    alert.suppressed_by.clear();
    alert.cause.clear();
    alert.incident.clear();
    alert.annotations.erase("note");
    return;  // settle_raised() says what comes of it
  }
  if (change == Damper::Change::resolved) {
    const bool shown = alert.state == AlertState::firing || alert.state == AlertState::suppressed;
    entry.raised_at.reset();
    alert.annotations.erase("note");
    alert.state = AlertState::resolved;
    if (!shown) return;  // it was never told: nothing is shown
    alert.ends_at = now.wall;
    out.push_back(alert);
    return;
  }
  const auto state = entry.damper.state();
  if (state == Damper::State::pending && alert.state != AlertState::pending) {
    alert.state = AlertState::pending;
    alert.starts_at = now.wall;
    alert.ends_at.reset();
    alert.suppressed_by.clear();
    alert.cause.clear();
    entry.changed = true;
  } else if (state == Damper::State::clear && alert.state == AlertState::pending) {
    alert.state = AlertState::resolved;  // it never fired: nobody is told, nothing is shown
    entry.changed = true;
  }
}

void AlertEngine::describe(Instance& entry, const Reading& reading) {
  const auto& rule = *entry.rule;
  auto& annotations = entry.alert.annotations;
  annotations["summary"] = rule.summary;
  annotations["description"] = expand(rule, *entry.probe, reading);
  annotations["runbook_url"] = links_.runbook_base_url + "/" + rule.runbook;
  if (!rule.first_steps.empty()) annotations["first_steps"] = rule.first_steps;
  if (!links_.dashboard_base_url.empty()) annotations["dashboard_url"] = links_.dashboard_base_url;
  const auto& state = states_.at(entry.probe->name);
  if (!state.evidence.empty()) {
    annotations["evidence"] = state.evidence;
  } else if (state.seen_at) {
    annotations["evidence"] = "at " + rfc3339(*state.seen_at) + ": up; nothing has been heard since";
  }
}

Status AlertEngine::state(const std::string& probe) const {
  const auto& state = states_.at(probe);
  return state.damper.state() == Damper::State::firing ? Status::down : state.settled;
}

bool AlertEngine::suspect(const std::string& probe) const {
  const auto& state = states_.at(probe);
  return state.last == Status::down && state.damper.state() != Damper::State::firing;
}

std::vector<Alert> AlertEngine::alerts() const {
  std::vector<Alert> shown;
  for (const auto& [key, entry] : instances_) {
    const bool waiting = entry.damper.state() != Damper::State::clear;
    const bool recent = entry.alert.state == AlertState::resolved && entry.alert.ends_at;
    if (waiting || recent) shown.push_back(entry.alert);
  }
  return shown;
}

void AlertEngine::forget_old(Moment now) {
  for (auto& [key, entry] : instances_) {
    if (entry.alert.state != AlertState::resolved || !entry.alert.ends_at) continue;
    if (now.wall - *entry.alert.ends_at > shown_after_resolve) entry.alert.ends_at.reset();
  }
  // Names of workers come and go.
  std::erase_if(instances_, [&](const auto& each) {
    const auto& entry = each.second;
    const bool old = !entry.rule->label.empty() && entry.damper.state() == Damper::State::clear &&
                     !entry.alert.ends_at && now.steady - entry.seen > forgotten_after;
    if (old)
      forgotten_.push_back({.rule = entry.rule->name,
                            .probe = entry.probe->name,
                            .label_value = each.first.second.second,
                            .gone = true});
    return old;
  });
}

}  // namespace healthd
