#include "exporters/alert_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "exporters/text.hpp"

namespace healthd {
namespace {

constexpr std::size_t value_bytes = 4096;

bool is_link_character(unsigned char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '<' && c != '>'; }

}  // namespace

nlohmann::json json_texts(const std::map<std::string, std::string>& texts) {
  auto object = nlohmann::json::object();
  for (const auto& [name, value] : texts) object[name] = clean_utf8(value, value_bytes);
  return object;
}

Alert::Time shown_start(const Alert& alert, Alert::Time now) { return std::min(alert.starts_at, now); }

Alert::Time shown_end(const Alert& alert, Alert::Time now) {
  return std::clamp(alert.ends_at.value_or(now), shown_start(alert, now), now);
}

std::string shown_link(const Alert& alert) {
  const auto& link = alert.generator_url;
  const bool absolute = link.starts_with("http://") || link.starts_with("https://");
  return absolute && std::ranges::all_of(link, is_link_character) ? link : "";
}

}  // namespace healthd
