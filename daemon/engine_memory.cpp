#include "daemon/engine_memory.hpp"

#include <nlohmann/json.hpp>

#include "daemon/state_json.hpp"

namespace healthd {
namespace {

using Json = nlohmann::json;
using Texts = std::map<std::string, std::string>;

std::int64_t milliseconds(Alert::Time moment) {
  return std::chrono::floor<std::chrono::milliseconds>(moment.time_since_epoch()).count();
}
Alert::Time moment(std::int64_t milliseconds_) {
  return Alert::Time{std::chrono::milliseconds{milliseconds_}};
}

Json age_json(const std::optional<Duration>& age) { return age ? Json(age->count()) : Json(nullptr); }
std::optional<Duration> age_from(const Json& json, const char* key) {
  const auto& value = json.at(key);
  if (value.is_null()) return std::nullopt;
  return Duration{value.get<Duration::rep>()};
}

Json damper_json(const DamperMemory& damper) {
  return {{"state", damper.state},
          {"last", damper.last},
          {"bad_row", damper.bad_row},
          {"good_row", damper.good_row},
          {"keep", damper.keep.count()},
          {"seen", age_json(damper.seen)},
          {"bad_since", age_json(damper.bad_since)},
          {"good_since", age_json(damper.good_since)},
          {"resolved", age_json(damper.resolved)}};
}

DamperMemory damper_from(const Json& json) {
  DamperMemory damper;
  damper.state = json.at("state").get<std::uint8_t>();
  damper.last = json.at("last").get<std::string>();
  damper.bad_row = json.at("bad_row").get<int>();
  damper.good_row = json.at("good_row").get<int>();
  damper.keep = Duration{json.at("keep").get<Duration::rep>()};
  damper.seen = age_from(json, "seen");
  damper.bad_since = age_from(json, "bad_since");
  damper.good_since = age_from(json, "good_since");
  damper.resolved = age_from(json, "resolved");
  return damper;
}

Json alert_json(const Alert& alert) {
  return {{"labels", alert.labels},
          {"annotations", alert.annotations},
          {"state", to_string(alert.state)},
          {"starts_at", milliseconds(alert.starts_at)},
          {"ends_at", alert.ends_at ? Json(milliseconds(*alert.ends_at)) : Json(nullptr)},
          {"sequence", alert.sequence},
          {"generator_url", alert.generator_url},
          {"incident", alert.incident},
          {"cause", alert.cause},
          {"suppressed_by", alert.suppressed_by}};
}

AlertState state_from(const std::string& text) {
  for (const auto state : {AlertState::pending, AlertState::firing, AlertState::suppressed})
    if (text == to_string(state)) return state;
  return AlertState::resolved;
}

Alert alert_from(const Json& json) {
  Alert alert;
  alert.labels = json.at("labels").get<Texts>();
  alert.annotations = json.at("annotations").get<Texts>();
  alert.state = state_from(json.at("state").get<std::string>());
  alert.starts_at = moment(json.at("starts_at").get<std::int64_t>());
  if (!json.at("ends_at").is_null()) alert.ends_at = moment(json.at("ends_at").get<std::int64_t>());
  alert.sequence = json.at("sequence").get<std::uint64_t>();
  alert.generator_url = json.at("generator_url").get<std::string>();
  alert.incident = json.at("incident").get<std::string>();
  alert.cause = json.at("cause").get<std::string>();
  alert.suppressed_by = json.at("suppressed_by").get<std::string>();
  return alert;
}

}  // namespace

std::string to_text(const Alert& alert) { return dump_state(alert_json(alert)); }

std::optional<Alert> alert_from_text(const std::string& text) { return parse_state<Alert>(text, alert_from); }

std::string to_text(const EngineMemory& memory) {
  return dump_state({{"rule", memory.rule},
                     {"probe", memory.probe},
                     {"label_value", memory.label_value},
                     {"damper", damper_json(memory.damper)},
                     {"alert", alert_json(memory.alert)},
                     {"bad", memory.bad},
                     {"raised", age_json(memory.raised)},
                     {"held", age_json(memory.held)}});
}

std::optional<EngineMemory> engine_memory(const std::string& text) {
  const auto read = [](const Json& json) {
    EngineMemory memory;
    memory.rule = json.at("rule").get<std::string>();
    memory.probe = json.at("probe").get<std::string>();
    memory.label_value = json.at("label_value").get<std::string>();
    memory.damper = damper_from(json.at("damper"));
    memory.alert = alert_from(json.at("alert"));
    memory.bad = json.at("bad").get<bool>();
    memory.raised = age_from(json, "raised");
    memory.held = age_from(json, "held");
    return memory;
  };
  return parse_state<EngineMemory>(text, read);
}

}  // namespace healthd
