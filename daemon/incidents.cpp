#include "daemon/incidents.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

#include "daemon/incident_text.hpp"

namespace healthd {
namespace {

constexpr std::size_t most_incidents = 200;
constexpr std::size_t most_recent = 100;
constexpr std::size_t most_members = 64;
constexpr std::size_t most_entries = 256;

std::string name_of(const Alert& alert) {
  auto name = alert.labels.at("alertname") + " of " + alert.labels.at("probe");
  for (const auto& [label, value] : alert.labels) {
    const bool usual = label == "alertname" || label == "probe" || label == "stack" || label == "component" ||
                       label == "severity";
    if (!usual) name += " (" + label + " " + value + ")";
  }
  return name;
}

std::string make_id(const Alert& alert, Incident::Time now) {
  const auto time = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char stamp[32];
  const auto size = std::strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S-", &parts);
  return std::string{stamp, size} + fingerprint(alert.labels).substr(0, 4);
}

bool is_over(const Incident::Member& member) { return member.alert.state == AlertState::resolved; }

Incident::Member* member_of(Incident& incident, const Alert& alert) {
  const auto same = [&](const Incident::Member& member) { return member.alert.labels == alert.labels; };
  const auto found = std::ranges::find_if(incident.members, same);
  return found == incident.members.end() ? nullptr : &*found;
}

/// How it began and how it ended is what people look for; of too many entries those in the middle go.
void add_entry(Incident& incident, Incident::Time now, std::string text) {
  auto& timeline = incident.timeline;
  if (timeline.size() >= most_entries) timeline.erase(timeline.begin() + most_entries / 2);
  timeline.push_back({now, std::move(text)});
}

/// Its cause is why nobody is told, or was told.
bool is_effect(const Alert& alert) { return !alert.suppressed_by.empty() && !alert.cause.empty(); }

/// In a full incident, what is over goes first; its cause stays. So one that still fires is not forgotten.
void make_room(Incident& incident) {
  if (incident.members.size() < most_members) return;
  const auto old = std::find_if(incident.members.begin() + 1, incident.members.end(), is_over);
  if (old != incident.members.end()) incident.members.erase(old);
}

std::string entry_text(const Alert& alert, bool known) {
  const auto description = alert.annotations.find("description");
  const auto words = description == alert.annotations.end() ? "" : ": " + description->second;
  switch (alert.state) {
    case AlertState::firing:
      return name_of(alert) + (known ? " fires again" : " fires") + words;
    case AlertState::suppressed:
      return name_of(alert) + " is held back" + (is_effect(alert) ? " as an effect of " : ": ") +
             alert.suppressed_by + words;
    case AlertState::resolved:
      return name_of(alert) + " is over";
    case AlertState::pending:
      break;
  }
  return name_of(alert) + " is pending";
}

}  // namespace

Incidents::Incidents(std::string stack, Related related)
    : stack_{std::move(stack)}, related_{std::move(related)} {}

/// The open incident that the alert is part of, or belongs into.
Incident* Incidents::owner(const Alert& alert) {
  Incident* relative = nullptr;
  for (auto& [id, incident] : incidents_) {
    if (incident.ended_at) continue;
    if (member_of(incident, alert) != nullptr) return &incident;
    const auto explains = [&](const Incident::Member& member) {
      if (!alert.cause.empty()) return fingerprint(member.alert.labels) == alert.cause;
      return !is_over(member) && related_(member.alert, alert);
    };
    if (relative == nullptr && std::ranges::any_of(incident.members, explains)) relative = &incident;
  }
  return relative;
}

Incident& Incidents::begin(const Alert& alert, Time now) {
  Incident made;
  made.id = make_id(alert, now);
  while (incidents_.contains(made.id)) made.id += "x";  // over and again within the second
  made.stack = stack_;
  const auto summary = alert.annotations.find("summary");
  made.title =
      alert.labels.at("alertname") + (summary == alert.annotations.end() ? "" : ": " + summary->second);
  made.started_at = alert.starts_at;
  ++count_;
  return incidents_[made.id] = std::move(made);
}

std::string Incidents::on(const Alert& alert, Time now) {
  if (alert.labels.at("severity") == "none") return "";
  auto* incident = owner(alert);
  if (incident == nullptr) {
    if (alert.state != AlertState::firing) return "";
    incident = &begin(alert, now);
  }
  auto* member = member_of(*incident, alert);
  const bool known = member != nullptr;
  // What a silence holds back is no part of it only because it could be.
  if (!known && alert.state != AlertState::firing && !is_effect(alert)) return "";
  if (!known) make_room(*incident);
  if (!known && incident->members.size() < most_members) {
    const auto role = is_effect(alert)            ? Incident::Role::effect
                      : incident->members.empty() ? Incident::Role::cause
                                                  : Incident::Role::also;
    member = &incident->members.emplace_back(Incident::Member{role, alert});
  }
  if (member != nullptr) {
    if (alert.state == AlertState::firing && member->role == Incident::Role::effect)
      member->role = Incident::Role::also;
    member->alert = alert;
    member->alert.incident = incident->id;
  }
  add_entry(*incident, now, entry_text(alert, known));
  touch(incident->id, true);
  close_if_over(*incident, now);
  forget_old();
  return incident->id;
}

void Incidents::close_if_over(Incident& incident, Time now) {
  if (incident.ended_at || !std::ranges::all_of(incident.members, is_over)) return;
  incident.ended_at = now;
  add_entry(incident, now, "The incident is over");
}

void Incidents::note(const std::string& id, Time now, std::string text) {
  const auto found = incidents_.find(id);
  if (found == incidents_.end() || found->second.ended_at) return;
  add_entry(found->second, now, std::move(text));
  touch(id, true);
}

bool Incidents::acknowledge(const std::string& id, const std::string& by, Time now) {
  const auto found = incidents_.find(id);
  if (found == incidents_.end() || found->second.ended_at) return false;
  found->second.acknowledged_by = by;
  note(id, now, "Acknowledged by " + by);
  return true;
}

std::vector<std::string> Incidents::told(const std::string& id) const {
  std::vector<std::string> fingerprints;
  const auto* incident = find(id);
  if (incident == nullptr) return fingerprints;
  for (const auto& member : incident->members)
    if (member.alert.state == AlertState::firing) fingerprints.push_back(fingerprint(member.alert.labels));
  return fingerprints;
}

const Incident* Incidents::find(const std::string& id) const {
  const auto found = incidents_.find(id);
  return found == incidents_.end() ? nullptr : &found->second;
}

std::vector<Incident> Incidents::all() const {
  std::vector<Incident> list;
  for (auto each = incidents_.rbegin(); each != incidents_.rend(); ++each) list.push_back(each->second);
  return list;
}

std::shared_ptr<const std::vector<Incident>> Incidents::recent() const {
  if (recent_) return recent_;
  auto list = std::make_shared<std::vector<Incident>>();
  for (auto each = incidents_.rbegin(); each != incidents_.rend() && list->size() < most_recent; ++each)
    list->push_back(each->second);
  recent_ = std::move(list);
  return recent_;
}

std::vector<Incident> Incidents::open() const {
  std::vector<Incident> list;
  for (auto each = incidents_.rbegin(); each != incidents_.rend(); ++each)
    if (!each->second.ended_at) list.push_back(each->second);
  return list;
}

void Incidents::touch(const std::string& id, bool kept) {
  changed_[id] = kept;
  recent_.reset();
}

/// Closed ones only, oldest first.
void Incidents::forget_old() {
  for (auto each = incidents_.begin(); each != incidents_.end() && incidents_.size() > most_incidents;) {
    const auto current = each++;
    if (!current->second.ended_at) continue;
    touch(current->first, false);
    incidents_.erase(current);
  }
}

std::vector<std::pair<std::string, std::optional<std::string>>> Incidents::take_changed() {
  std::vector<std::pair<std::string, std::optional<std::string>>> rows;
  for (const auto& [id, kept] : changed_) {
    if (kept) rows.emplace_back(id, to_text(incidents_.at(id)));
    if (!kept) rows.emplace_back(id, std::nullopt);
  }
  changed_.clear();
  return rows;
}

bool Incidents::restore(const std::string& body) {
  auto incident = incident_from_text(body);
  if (!incident) return false;
  auto id = incident->id;
  incidents_[std::move(id)] = std::move(*incident);
  recent_.reset();
  return true;
}

}  // namespace healthd
