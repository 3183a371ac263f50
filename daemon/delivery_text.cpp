#include "daemon/delivery_text.hpp"

#include <nlohmann/json.hpp>

#include "daemon/engine_memory.hpp"
#include "daemon/state_json.hpp"

namespace healthd {
namespace {

using Json = nlohmann::json;

DeliveryMemory memory_from(const Json& json) {
  DeliveryMemory memory;
  auto alert = alert_from_text(json.at("alert").dump());
  if (!alert) throw Json::other_error::create(501, "no alert", nullptr);
  memory.alert = std::move(*alert);
  memory.kind = json.at("missed").get<bool>() ? Message::Kind::missed : Message::Kind::state;
  memory.accepted = json.at("accepted").get<bool>();
  memory.told_firing = json.at("told_firing").get<bool>();
  memory.tell_acknowledged = json.at("tell_acknowledged").get<bool>();
  memory.acknowledged_by = json.at("acknowledged_by").get<std::string>();
  memory.note = json.at("note").get<std::string>();
  memory.receipt = json.at("receipt").get<std::string>();
  memory.wanted_at = Alert::Time{std::chrono::milliseconds{json.at("wanted_at").get<std::int64_t>()}};
  return memory;
}

}  // namespace

std::string to_text(const DeliveryMemory& memory) {
  const auto wanted = std::chrono::floor<std::chrono::milliseconds>(memory.wanted_at.time_since_epoch());
  const Json json{{"alert", Json::parse(to_text(memory.alert))},
                  {"missed", memory.kind == Message::Kind::missed},
                  {"accepted", memory.accepted},
                  {"told_firing", memory.told_firing},
                  {"tell_acknowledged", memory.tell_acknowledged},
                  {"acknowledged_by", memory.acknowledged_by},
                  {"note", memory.note},
                  {"receipt", memory.receipt},
                  {"wanted_at", wanted.count()}};
  return dump_state(json);
}

std::optional<DeliveryMemory> delivery_memory(const std::string& text) {
  return parse_state<DeliveryMemory>(text, memory_from);
}

}  // namespace healthd
