#include "probes/net/kombu_message.hpp"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "probes/net/base64.hpp"

namespace healthd::kombu {
namespace {

/// A worker's statistics are five levels deep; far deeper is an attack on the recursion of whoever walks it.
constexpr int deepest = 32;

constexpr double year_10000 = 253'402'300'800;

}  // namespace

json parse(std::string_view text) {
  const auto shallow = [](int depth, json::parse_event_t, json&) { return depth <= deepest; };
  return json::parse(text, shallow, /*allow_exceptions=*/false);
}

json body_of(const json& message) {
  const json discarded(json::value_t::discarded);  // braces would make it an array
  if (text(member(message, "content-type")) != "application/json") return discarded;
  const bool encoded = text(member(member(message, "properties"), "body_encoding")) == "base64";
  const auto inside = text(member(message, "body"));
  const auto body = encoded ? base64_decode(inside) : std::optional{inside};
  return body ? parse(*body) : discarded;
}

const json& member(const json& object, const char* name) {
  static const json null;
  if (!object.is_object()) return null;
  const auto found = object.find(name);
  return found != object.end() ? *found : null;
}

std::string text(const json& value) { return value.is_string() ? value.get<std::string>() : std::string{}; }

std::string name(const json& value) {
  constexpr std::size_t longest = 255;
  return value.is_string() && value.get_ref<const std::string&>().size() <= longest ? text(value)
                                                                                    : std::string{};
}

std::optional<long long> integer(const json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  constexpr auto most = static_cast<unsigned long long>(std::numeric_limits<long long>::max());
  if (value.is_number_unsigned() && value.get<unsigned long long>() > most) return std::nullopt;
  return value.get<long long>();
}

std::optional<double> number(const json& value) {
  if (!value.is_number()) return std::nullopt;
  const auto read = value.get<double>();
  return std::isfinite(read) ? std::optional{read} : std::nullopt;
}

std::optional<double> unix_time(const json& value) {
  const auto seconds = number(value);
  return seconds && *seconds > 0 && *seconds < year_10000 ? seconds : std::nullopt;
}

}  // namespace healthd::kombu
