#include "daemon/log_line.hpp"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "config/clock.hpp"

namespace healthd {
namespace {

constexpr std::size_t longest_value = 512;

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  std::abort();
}

/// A quoted JSON string is also a fine logfmt value: control characters and quotes are escaped, bad UTF-8
/// replaced.
std::string json_text(std::string_view value) {
  const nlohmann::json text = std::string{value.substr(0, longest_value)};
  return text.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

bool plain(std::string_view value) {
  constexpr std::string_view safe =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/+@,[]%";
  return !value.empty() && value.size() <= longest_value &&
         value.find_first_not_of(safe) == std::string_view::npos;
}

}  // namespace

std::string text_line(std::chrono::system_clock::time_point at, LogLevel level, std::string_view event,
                      LogFields fields) {
  std::string line =
      "time=" + rfc3339(at) + " level=" + std::string{name_of(level)} + " event=" + std::string{event};
  for (const auto& [key, value] : fields)
    line += " " + std::string{key} + "=" + (plain(value) ? value : json_text(value));
  return line;
}

std::string json_line(std::chrono::system_clock::time_point at, LogLevel level, std::string_view event,
                      LogFields fields) {
  nlohmann::ordered_json line{{"time", rfc3339(at)}, {"level", name_of(level)}, {"event", event}};
  for (const auto& [key, value] : fields) line[std::string{key}] = value.substr(0, longest_value);
  return line.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

}  // namespace healthd
