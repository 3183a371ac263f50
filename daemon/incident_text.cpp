#include "daemon/incident_text.hpp"

#include <nlohmann/json.hpp>

#include "daemon/engine_memory.hpp"
#include "daemon/state_json.hpp"

namespace healthd {
namespace {

using Json = nlohmann::json;

std::int64_t milliseconds(Incident::Time moment) {
  return std::chrono::floor<std::chrono::milliseconds>(moment.time_since_epoch()).count();
}
Incident::Time moment(const Json& json) {
  return Incident::Time{std::chrono::milliseconds{json.get<std::int64_t>()}};
}

Incident incident_from(const Json& json) {
  Incident incident;
  incident.id = json.at("id").get<std::string>();
  incident.stack = json.at("stack").get<std::string>();
  incident.title = json.at("title").get<std::string>();
  incident.started_at = moment(json.at("started_at"));
  if (!json.at("ended_at").is_null()) incident.ended_at = moment(json.at("ended_at"));
  incident.acknowledged_by = json.at("acknowledged_by").get<std::string>();
  for (const auto& each : json.at("members")) {
    auto alert = alert_from_text(each.at("alert").dump());
    const int role = each.at("role").get<int>();
    if (alert && role >= 0 && role <= static_cast<int>(Incident::Role::also))
      incident.members.push_back({static_cast<Incident::Role>(role), std::move(*alert)});
  }
  for (const auto& each : json.at("timeline"))
    incident.timeline.push_back({moment(each.at("at")), each.at("text").get<std::string>()});
  return incident;
}

}  // namespace

std::string to_text(const Incident& incident) {
  Json json{{"id", incident.id},
            {"stack", incident.stack},
            {"title", incident.title},
            {"started_at", milliseconds(incident.started_at)},
            {"ended_at", incident.ended_at ? Json(milliseconds(*incident.ended_at)) : Json(nullptr)},
            {"acknowledged_by", incident.acknowledged_by},
            {"members", Json::array()},
            {"timeline", Json::array()}};
  for (const auto& [role, alert] : incident.members)
    json["members"].push_back({{"role", static_cast<int>(role)}, {"alert", Json::parse(to_text(alert))}});
  for (const auto& [at, text] : incident.timeline)
    json["timeline"].push_back({{"at", milliseconds(at)}, {"text", text}});
  return dump_state(json);
}

std::optional<Incident> incident_from_text(const std::string& text) {
  return parse_state<Incident>(text, incident_from);
}

}  // namespace healthd
