// What stands between an alert that is raised and the people: its cause, a silence, a maintenance window.
//
// A child is told only once every part that it needs has been looked at after the child failed, and was well.
// So it does not matter in which order a fault shows itself. Once a cause is over, a child that still fails
// wants one fresh failure, so what merely comes back late is never told.
#include <algorithm>

#include "daemon/alert_engine.hpp"

namespace healthd {
namespace {

/// A cause that is stuck must not mute for ever.
constexpr std::chrono::minutes longest_held{30};
/// A condition on a parent that takes longer than this to be judged is not waited for.
constexpr std::chrono::minutes longest_wait{3};
/// Parents are not looked at more often than this.
constexpr std::chrono::seconds least_gap{1};
constexpr std::chrono::seconds own_slack{1};
constexpr int looks_to_come_back = 4;
constexpr std::string_view blind_alert = "HealthdMonitorBlind";

bool same_server(const WatchedProbe& one, const WatchedProbe& other) {
  return one.name == other.name || (one.kind == other.kind && one.target == other.target);
}

bool lists(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

void AlertEngine::settle_raised(Moment now, std::vector<Alert>& out) {
  // What is told first is the cause that the next one is measured against, hence until nothing moves.
  for (bool moved = true; moved;) {
    const auto before = out.size();
    for (auto& [key, entry] : instances_)
      if (entry.raised_at && entry.alert.state != AlertState::firing)
        settle(entry, held(entry, now), now, out);
    moved = out.size() > before;
  }
}

void AlertEngine::settle(Instance& entry, const Held& held, Moment now, std::vector<Alert>& out) {
  auto& alert = entry.alert;
  switch (held.kind) {
    case Held::Kind::waits:
      return;
    case Held::Kind::suppressed: {
      // That a silence hands over to a cause is news as well: it belongs to that incident now.
      const bool found_cause = alert.cause.empty() && !held.cause.empty();
      const bool news = alert.state != AlertState::suppressed || found_cause;
      if (!held.cause.empty() && !entry.held_since) entry.held_since = now.steady;
      entry.fresh_after.reset();
      entry.changed = entry.changed || news || alert.suppressed_by != held.by;
      alert.state = AlertState::suppressed;
      alert.suppressed_by = held.by;
      alert.cause = held.cause;
      if (news) out.push_back(alert);
      return;
    }
    case Held::Kind::nothing:
      break;
  }
  if (alert.state == AlertState::suppressed && !entry.fresh_after) entry.fresh_after = now.steady;
  if (entry.bad && is_fresh(entry)) release(entry, now, out);
}

/// Of one that was held back: it failed once more after what held it let go, and was not well in between.
bool AlertEngine::is_fresh(const Instance& entry) {
  if (!entry.fresh_after) return true;
  return entry.failed_began_at >= *entry.fresh_after &&
         entry.damper.bad_row() >= entry.probe->window.consecutive;
}

void AlertEngine::release(Instance& entry, Moment now, std::vector<Alert>& out) {
  auto& alert = entry.alert;
  if (alert.state == AlertState::suppressed)
    alert.annotations["note"] = "Held back until now: " + alert.suppressed_by + ".";
  alert.state = AlertState::firing;
  alert.suppressed_by.clear();
  alert.cause.clear();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now.wall.time_since_epoch()).count();
  auto& sequence = sequences_[fingerprint(alert.labels)];
  // By the clock, so that it also rises where our memory of the last one is lost.
  sequence = std::max(sequence + 1, static_cast<std::uint64_t>(std::max<std::int64_t>(seconds, 0)));
  alert.sequence = sequence;
  entry.changed = true;
  out.push_back(alert);
}

AlertEngine::Held AlertEngine::held(const Instance& entry, Moment now) const {
  const bool own = entry.alert.labels.at("component") == "healthd";
  if (restraint_.by_people && entry.rule->severity != "none") {
    auto words = restraint_.by_people(entry.alert.labels, now.wall);
    if (!words.empty()) return {Held::Kind::suppressed, std::move(words)};
  }
  const auto& state = states_.at(entry.probe->name);
  if (!own && !state.succeeded && now.wall < restraint_.boot_grace_until)
    return {Held::Kind::suppressed, "the grace after the host's start"};
  if (entry.held_since && now.steady - *entry.held_since > longest_held) return {};
  auto named = held_by_named(entry, now);
  if (named.kind == Held::Kind::suppressed || own || entry.rule->independent) return named;
  auto by_parent = held_by_ancestors(entry, now);
  return by_parent.kind == Held::Kind::nothing ? named : by_parent;
}

/// By an alert that explains this one by name: on the same server or, about another component, on any.
AlertEngine::Held AlertEngine::held_by_named(const Instance& entry, Moment now) const {
  const auto is_cause = [&](const Instance& other) {
    if (other.rule->name == blind_alert) return entry.probe->component != "healthd";
    if (!lists(entry.rule->effect_of, other.rule->name)) return false;
    // One about any part is about the part that its probe looks at.
    const bool elsewhere = other.probe->component != entry.probe->component && entry.rule->component != "any";
    return elsewhere || same_server(*other.probe, *entry.probe);
  };
  return worst_accused(entry, is_cause, now);
}

AlertEngine::Held AlertEngine::held_by_ancestors(const Instance& entry, Moment now) const {
  const auto& own = *entry.probe;
  std::vector<const ProbeState*> ancestors;
  for (const auto& name : dependencies_.ancestors(own.name)) {
    const auto known = states_.find(name);
    // Of two that need each other neither explains the other.
    if (known == states_.end() || dependencies_.ancestors(name).contains(own.name)) continue;
    ancestors.push_back(&known->second);
  }
  const auto is_cause = [&](const Instance& other) {
    if (!is_outage(*other.rule) && other.rule->name != entry.rule->name) return false;
    const auto is_its = [&](const ProbeState* each) { return same_server(*each->probe, *other.probe); };
    return std::ranges::any_of(ancestors, is_its);
  };
  auto found = worst_accused(entry, is_cause, now);
  if (found.kind != Held::Kind::nothing) return found;
  const auto waits = [&](const ProbeState* each) { return awaits_look(entry, *each, now); };
  if (std::ranges::any_of(ancestors, waits)) found.kind = Held::Kind::waits;
  return found;
}

AlertEngine::Held AlertEngine::worst_accused(const Instance& held,
                                             const std::function<bool(const Instance&)>& is_cause,
                                             Moment now) const {
  Held worst;
  for (const auto& [key, other] : instances_) {
    if (&other == &held || !is_cause(other)) continue;
    const auto blame = accused(other, held, now);
    if (blame == Accused::maybe) worst.kind = Held::Kind::waits;
    if (blame == Accused::yes)
      return {Held::Kind::suppressed, other.rule->name + " of " + other.probe->name,
              fingerprint(other.alert.labels)};
  }
  return worst;
}

AlertEngine::Accused AlertEngine::accused(const Instance& other, const Instance& child, Moment now) const {
  const auto state = other.alert.state;
  if (state == AlertState::firing || state == AlertState::suppressed) {
    // It may be kept open for long after it was mended. What fails then, and had the time for a few looks to
    // come back, fails by itself.
    const auto settled = std::min<Steady::duration>(
        other.probe->window.keep, looks_to_come_back * child.probe->interval + child.probe->timeout);
    const auto good_since = other.damper.good_since();
    const bool mended = good_since && now.steady - *good_since > settled;
    return mended ? Accused::no : Accused::yes;
  }
  if (other.raised_at) return Accused::maybe;
  const bool soon = other.rule->windowed || other.rule->hold <= longest_wait;
  return other.bad && soon ? Accused::maybe : Accused::no;
}

/// The ancestor has not been looked at since the child failed, or fails and is not judged yet.
bool AlertEngine::awaits_look(const Instance& entry, const ProbeState& ancestor, Moment now) const {
  const auto& probe = *ancestor.probe;
  if (ancestor.last == Status::down && ancestor.damper.state() != Damper::State::firing) return true;
  if (ancestor.began_at >= entry.failed_began_at) return false;
  // A look that began before may be under way, and the next comes after it.
  const auto patience = 2 * probe.timeout + probe.interval + own_slack;
  return now.steady - std::max(*entry.raised_at, entry.failing_since) < patience;
}

std::vector<std::string> AlertEngine::wanted_looks(const std::string& probe) const {
  std::vector<std::string> wanted;
  const auto fails = [&](const auto& each) {
    const auto& entry = each.second;
    return entry.probe->name == probe && entry.bad && !entry.rule->independent &&
           entry.alert.state == AlertState::pending;
  };
  if (std::ranges::none_of(instances_, fails)) return wanted;
  const auto& child = states_.at(probe);
  for (const auto& name : dependencies_.ancestors(probe)) {
    const auto known = states_.find(name);
    if (known == states_.end()) continue;
    const auto& ancestor = known->second;
    if (ancestor.began_at < child.began_at && child.known_at - ancestor.known_at > least_gap)
      wanted.push_back(name);
  }
  return wanted;
}

bool AlertEngine::related(const Alert& one, const Alert& other) const {
  const auto& left = one.labels;
  const auto& right = other.labels;
  if (dependencies_.related(left.at("probe"), right.at("probe"))) return true;
  const auto explains = [&](const std::string& cause, const std::string& effect) {
    const auto rule = std::ranges::find(rules_, effect, &AlertRule::name);
    return rule != rules_.end() && lists(rule->effect_of, cause);
  };
  return explains(left.at("alertname"), right.at("alertname")) ||
         explains(right.at("alertname"), left.at("alertname"));
}

bool AlertEngine::suppressed(const std::string& probe) const {
  return std::ranges::any_of(instances_, [&](const auto& each) {
    const auto& entry = each.second;
    return entry.probe->name == probe && entry.rule->severity == "critical" &&
           entry.alert.state == AlertState::suppressed;
  });
}

}  // namespace healthd
