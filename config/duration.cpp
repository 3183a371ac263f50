#include "config/duration.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace healthd {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};

constexpr std::array units{Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1'000},
                           Unit{"ms", 1}};

constexpr std::int64_t longest = 100 * 365 * std::int64_t{86'400'000};  // keeps every sum far from overflow

/// Takes a whole number off the front.
std::optional<std::int64_t> take_number(std::string_view& text) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

std::string_view take_letters(std::string_view& text) {
  const auto end = std::ranges::find_if(text, [](char letter) { return letter < 'a' || letter > 'z'; });
  const auto size = static_cast<std::size_t>(end - text.begin());
  const auto letters = text.substr(0, size);
  text.remove_prefix(size);
  return letters;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  auto next_unit = units.begin();  // each unit at most once, the largest first
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    const auto unit =
        std::find_if(next_unit, units.end(),
                     [name = take_letters(text)](const Unit& candidate) { return candidate.name == name; });
    if (unit == units.end() || *number > longest / unit->milliseconds) return std::nullopt;
    total += *number * unit->milliseconds;
    next_unit = unit + 1;
  }
  if (total > longest) return std::nullopt;
  return Duration{total};
}

std::string format_duration(Duration duration) {
  auto left = duration.count();
  if (left == 0) return "0s";
  std::string text = left < 0 ? "-" : "";
  left = left < 0 ? -left : left;
  for (const auto& unit : units) {
    const auto number = left / unit.milliseconds;
    left %= unit.milliseconds;
    if (number > 0) text.append(std::to_string(number)).append(unit.name);
  }
  return text;
}

}  // namespace healthd
