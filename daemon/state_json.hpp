// What all texts of the state file have in common.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace healthd {

/// Bytes of a target that are no UTF-8 are replaced: a state file is no place to stumble over them. `Json` is
/// complete where this is used.
template <typename Json = nlohmann::json>
std::string dump_state(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// What `read` makes of the text; nullopt where it is not what we wrote.
template <typename Value, typename Read, typename Json = nlohmann::json>
std::optional<Value> parse_state(const std::string& text, Read read) {
  try {
    return read(Json::parse(text));
  } catch (const typename Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace healthd
