#include "daemon/levers_text.hpp"

#include <nlohmann/json.hpp>

#include "daemon/state_json.hpp"

namespace healthd {
namespace {

using Json = nlohmann::json;

std::int64_t milliseconds(Levers::Time moment) {
  return std::chrono::floor<std::chrono::milliseconds>(moment.time_since_epoch()).count();
}
Levers::Time moment(const Json& json, const char* key) {
  return Levers::Time{std::chrono::milliseconds{json.at(key).get<std::int64_t>()}};
}

}  // namespace

std::string to_text(const Silence& silence) {
  return dump_state({{"id", silence.id},
                     {"matchers", silence.matchers},
                     {"starts_at", milliseconds(silence.starts_at)},
                     {"ends_at", milliseconds(silence.ends_at)},
                     {"author", silence.author},
                     {"comment", silence.comment}});
}

std::string to_text(const Maintenance& maintenance) {
  return dump_state({{"id", maintenance.id},
                     {"starts_at", milliseconds(maintenance.starts_at)},
                     {"ends_at", milliseconds(maintenance.ends_at)},
                     {"author", maintenance.author},
                     {"reason", maintenance.reason},
                     {"components", maintenance.components}});
}

std::optional<Silence> silence_from_text(const std::string& text) {
  return parse_state<Silence>(text, [](const Json& json) {
    return Silence{json.at("id"),
                   json.at("matchers").get<LabelMap>(),
                   moment(json, "starts_at"),
                   moment(json, "ends_at"),
                   json.at("author"),
                   json.at("comment")};
  });
}

std::optional<Maintenance> maintenance_from_text(const std::string& text) {
  return parse_state<Maintenance>(text, [](const Json& json) {
    return Maintenance{json.at("id"),           moment(json, "starts_at"),
                       moment(json, "ends_at"), json.at("author"),
                       json.at("reason"),       json.at("components").get<std::vector<std::string>>()};
  });
}

}  // namespace healthd
