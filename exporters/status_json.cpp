#include "exporters/status_json.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "exporters/text.hpp"

namespace healthd {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";  // a target's bytes never throw
}

Json time_or_null(const std::optional<WallTime>& time) { return time ? Json(rfc3339(*time)) : Json(nullptr); }
double seconds(std::chrono::nanoseconds span) { return std::chrono::duration<double>(span).count(); }

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

/// `name`, or `name{a="x",b="y"}` as Prometheus would write it.
std::string series_name(const Sample& sample) {
  std::string labels;
  for (const auto& [name, value] : sample.labels) {
    labels += (labels.empty() ? "" : ",") + name + "=" + in_quotes(clean_utf8(value));
  }
  return labels.empty() ? sample.name : sample.name + "{" + labels + "}";
}

Json phases_json(const Phases& phases) {
  Json json = Json::object();
  for (std::size_t i = 0; i < phase_count; ++i) {
    const auto phase = static_cast<Phase>(i);
    if (phases[phase]) json[std::string{to_string(phase)}] = *phases[phase];
  }
  return json;
}

Json checks_json(const ProbeResult& result) {
  Json json = Json::array();
  for (const CheckResult& check : result.checks) {
    json.push_back({{"name", check.name},
                    {"status", to_string(check.status)},
                    {"reason", to_string(check.reason)},
                    {"detail", check.detail}});
  }
  return json;
}

Json pairs_json(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Json json = Json::object();
  for (const auto& [name, value] : pairs) json[clean_utf8(name)] = value;
  return json;
}

Json samples_json(const std::vector<Sample>& samples) {
  Json json = Json::object();
  for (const Sample& sample : samples) json[series_name(sample)] = sample.value;
  return json;
}

/// A probe that has not run yet has the same fields: unknown, without times.
Json probe_fields(const ProbeView& probe) {
  static const Outcome none{.probe = {}, .result = {.detail = "no result yet"}, .at = {}, .steady_at = {}};
  const Outcome& last = probe.last ? *probe.last : none;
  const ProbeResult& result = last.result;
  const auto took = std::chrono::duration_cast<WallTime::duration>(last.took);
  return {{"name", probe.name},
          {"kind", probe.kind},
          {"component", probe.component},
          {"target", probe.target},
          {"status", to_string(result.status)},
          {"reason", to_string(result.reason)},
          {"detail", result.detail},
          {"started_at", time_or_null(probe.last ? std::optional{last.at - took} : std::nullopt)},
          {"duration_seconds", probe.last ? Json(seconds(last.took)) : Json(nullptr)},
          {"phases", phases_json(result.phases)},
          {"checks", checks_json(result)},
          {"samples", samples_json(result.samples)},
          {"evidence", pairs_json(result.evidence)}};
}

Json probe_status(const ProbeView& probe) {
  Json json = probe_fields(probe);
  json["state"] = probe.suppressed ? "suppressed" : to_string(probe.state);
  json["since"] = time_or_null(probe.since);
  json["consecutive_failures"] = probe.consecutive_failures;
  json["last_success_at"] = time_or_null(probe.last_success_at);
  json["last_failure_at"] = time_or_null(probe.last_failure_at);
  json["interval_seconds"] = probe.interval_seconds;
  json["timeout_seconds"] = probe.timeout_seconds;
  return json;
}

Json text_map(const std::map<std::string, std::string>& texts) {
  Json json = Json::object();
  for (const auto& [name, value] : texts) json[clean_utf8(name)] = value;
  return json;
}

Json alert_array(const std::vector<Alert>& alerts) {
  Json json = Json::array();
  for (const Alert& alert : alerts) {
    json.push_back(
        {{"labels", text_map(alert.labels)},
         {"annotations", text_map(alert.annotations)},
         {"state", to_string(alert.state)},
         {"starts_at", rfc3339(alert.starts_at)},
         {"ends_at", time_or_null(alert.ends_at)},
         {"incident", alert.incident.empty() ? Json(nullptr) : Json(alert.incident)},
         {"suppressed_by", alert.suppressed_by.empty() ? Json(nullptr) : Json(alert.suppressed_by)},
         {"fingerprint", fingerprint(alert.labels)}});
  }
  return json;
}

Json component_array(const std::vector<ComponentView>& components) {
  Json json = Json::array();
  for (const ComponentView& component : components) {
    json.push_back({{"name", component.name},
                    {"state", to_string(component.state)},
                    {"since", time_or_null(component.since)}});
  }
  return json;
}

}  // namespace

std::string status_json(const Snapshot& snapshot) {
  Json json{{"stack", snapshot.stack},
            {"state", to_string(snapshot.state)},
            {"version", snapshot.version},
            {"uptime_seconds", seconds(snapshot.uptime)},
            {"ready", snapshot.ready},
            {"taken_at", rfc3339(snapshot.taken_at)},
            {"components", component_array(snapshot.components)}};
  json["probes"] = Json::array();
  for (const ProbeView& probe : snapshot.probes) json["probes"].push_back(probe_status(probe));
  json["alerts"] = alert_array(snapshot.alerts);
  return dump(json);
}

std::string alerts_json(const Snapshot& snapshot) { return dump(alert_array(snapshot.alerts)); }

std::string probe_json(const std::string& stack, const std::vector<ProbeView>& probes) {
  Json json{{"stack", stack}, {"probes", Json::array()}};
  for (const ProbeView& probe : probes) json["probes"].push_back(probe_fields(probe));
  return dump(json);
}

}  // namespace healthd
