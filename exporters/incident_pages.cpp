#include "exporters/incident_pages.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/duration.hpp"
#include "exporters/text.hpp"

namespace healthd {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";  // a target's bytes never throw
}

std::string_view to_string(Incident::Role role) {
  switch (role) {
    case Incident::Role::cause:
      return "cause";
    case Incident::Role::effect:
      return "effect";
    case Incident::Role::also:
      return "also";
  }
  std::abort();
}

Json time_or_null(const std::optional<Incident::Time>& time) {
  return time ? Json(rfc3339(*time)) : Json(nullptr);
}

Json texts(const std::map<std::string, std::string>& all) {
  Json json = Json::object();
  for (const auto& [name, value] : all) json[clean_utf8(name)] = value;
  return json;
}

Json to_json(const Incident& incident) {
  Json json{
      {"id", incident.id},
      {"stack", incident.stack},
      {"title", incident.title},
      {"started_at", rfc3339(incident.started_at)},
      {"ended_at", time_or_null(incident.ended_at)},
      {"acknowledged_by", incident.acknowledged_by.empty() ? Json(nullptr) : Json(incident.acknowledged_by)},
      {"members", Json::array()},
      {"timeline", Json::array()}};
  for (const auto& [role, alert] : incident.members)
    json["members"].push_back({{"role", to_string(role)},
                               {"labels", texts(alert.labels)},
                               {"annotations", texts(alert.annotations)},
                               {"state", healthd::to_string(alert.state)},
                               {"starts_at", rfc3339(alert.starts_at)},
                               {"ends_at", time_or_null(alert.ends_at)}});
  for (const auto& [at, text] : incident.timeline)
    json["timeline"].push_back({{"at", rfc3339(at)}, {"text", text}});
  return json;
}

/// Text from outside stays text: no marks of Markdown, one line.
std::string plain(std::string_view text) {
  std::string out;
  for (const char letter : clean_utf8(text, 4096)) {
    if (std::string_view{"\\`*_[]<>|#"}.find(letter) != std::string_view::npos) out += '\\';
    out += static_cast<unsigned char>(letter) < ' ' ? ' ' : letter;
  }
  return out;
}

std::string annotation(const Alert& alert, const char* name) {
  const auto found = alert.annotations.find(name);
  return found == alert.annotations.end() ? "" : found->second;
}

std::string name_of(const Alert& alert) {
  return plain(alert.labels.at("alertname")) + " of " + plain(alert.labels.at("probe"));
}

std::string list(const Incident& incident, Incident::Role role) {
  std::string text;
  for (const auto& member : incident.members) {
    if (member.role != role) continue;
    text += "- " + name_of(member.alert) + ", since " + rfc3339(member.alert.starts_at) + ": " +
            plain(annotation(member.alert, "description")) + "\n";
  }
  return text.empty() ? "None.\n" : text;
}

std::string indented(const std::string& text) {
  std::string out = "    ";
  for (const char letter : clean_utf8(text, 8192)) {
    if (letter == '\r') continue;  // would end the line, and the block with it
    out += letter;
    if (letter == '\n') out += "    ";
  }
  return out + "\n";
}

std::string length_of(const Incident& incident) {
  if (!incident.ended_at) return "still open";
  return format_duration(std::chrono::floor<std::chrono::seconds>(*incident.ended_at - incident.started_at));
}

}  // namespace

std::string incidents_json(const std::vector<Incident>& incidents) {
  Json json{{"incidents", Json::array()}};
  for (const auto& incident : incidents) json["incidents"].push_back(to_json(incident));
  return dump(json);
}

std::string incident_json(const Incident& incident) { return dump(to_json(incident)); }

std::string incident_markdown(const Incident& incident) {
  std::string text = "# Incident " + plain(incident.id) + "\n\n" + plain(incident.title) + "\n\n";
  text += "| | |\n|---|---|\n";
  text += "| Stack | " + plain(incident.stack) + " |\n";
  text += "| Began | " + rfc3339(incident.started_at) + " |\n";
  text += "| Over | " + (incident.ended_at ? rfc3339(*incident.ended_at) : std::string{"no"}) + " |\n";
  text += "| Lasted | " + length_of(incident) + " |\n";
  text += "| Taken on by | " +
          (incident.acknowledged_by.empty() ? "nobody" : plain(incident.acknowledged_by)) + " |\n\n";
  text += "## Cause\n\n" + list(incident, Incident::Role::cause) + "\n";
  for (const auto& member : incident.members) {
    const auto evidence = annotation(member.alert, "evidence");
    if (member.role == Incident::Role::cause && !evidence.empty())
      text += "Evidence:\n\n" + indented(evidence) + "\n";
    const auto runbook = annotation(member.alert, "runbook_url");
    if (member.role == Incident::Role::cause && !runbook.empty())
      text += "Runbook: " + plain(runbook) + "\n\n";
  }
  text += "## Effects that were held back\n\n" + list(incident, Incident::Role::effect) + "\n";
  text += "## Also told meanwhile\n\n" + list(incident, Incident::Role::also) + "\n";
  text += "## Timeline\n\n| When | What |\n|---|---|\n";
  for (const auto& [at, what] : incident.timeline) text += "| " + rfc3339(at) + " | " + plain(what) + " |\n";
  text +=
      "\n## What users felt\n\n\n## Why it could happen\n\n\n## What went well\n\n\n## What went badly\n\n\n"
      "## What we change\n\n";
  return text;
}

}  // namespace healthd
