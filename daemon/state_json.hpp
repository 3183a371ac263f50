// What all texts of the state file have in common.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace healthd {

/// Bytes of a target that are no UTF-8 are replaced: a state file is no place to stumble over them.
inline std::string dump_state(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// What `read` makes of the text; nullopt where it is not what we wrote.
template <typename Value, typename Read>
std::optional<Value> parse_state(const std::string& text, Read read) {
  try {
    return read(nlohmann::json::parse(text));
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

}  // namespace healthd
