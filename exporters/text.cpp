#include "exporters/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

namespace healthd {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// How a sequence must begin and go on; overlong forms and surrogates fail at the second byte.
struct Lead {
  std::uint8_t from, to, length, second_from, second_to;
};
constexpr std::array leads{
    Lead{0x00, 0x7F, 1, 0, 0},       Lead{0xC2, 0xDF, 2, 0x80, 0xBF}, Lead{0xE0, 0xE0, 3, 0xA0, 0xBF},
    Lead{0xE1, 0xEC, 3, 0x80, 0xBF}, Lead{0xED, 0xED, 3, 0x80, 0x9F}, Lead{0xEE, 0xEF, 3, 0x80, 0xBF},
    Lead{0xF0, 0xF0, 4, 0x90, 0xBF}, Lead{0xF1, 0xF3, 4, 0x80, 0xBF}, Lead{0xF4, 0xF4, 4, 0x80, 0x8F}};

std::uint8_t byte(char c) { return static_cast<std::uint8_t>(c); }
bool within(std::uint8_t value, std::uint8_t from, std::uint8_t to) { return from <= value && value <= to; }

/// Bytes of the character at the front of `text`; 0 where there is no valid one.
std::size_t character_length(std::string_view text) {
  const auto lead = std::ranges::find_if(
      leads, [first = byte(text.front())](const Lead& entry) { return within(first, entry.from, entry.to); });
  if (lead == leads.end() || text.size() < lead->length) return 0;
  if (lead->length > 1 && !within(byte(text[1]), lead->second_from, lead->second_to)) return 0;
  for (std::size_t i = 2; i < lead->length; ++i) {
    if (!within(byte(text[i]), 0x80, 0xBF)) return 0;
  }
  return lead->length;
}

template <typename... Values>
std::string print(const char* format, Values... values) {
  std::array<char, 64> buffer{};
  const int size = std::snprintf(buffer.data(), buffer.size(), format, values...);
  return {buffer.data(), std::min(buffer.size() - 1, static_cast<std::size_t>(std::max(size, 0)))};
}

struct Calendar {
  int year = 0;
  unsigned month = 0, day = 0;
  int hour = 0, minute = 0, second = 0;
};

Calendar calendar(WallTime time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{floor<milliseconds>(time - day)};
  return {static_cast<int>(date.year()),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          static_cast<int>(clock.hours().count()),
          static_cast<int>(clock.minutes().count()),
          static_cast<int>(clock.seconds().count())};
}

}  // namespace

std::string clean_utf8(std::string_view text, std::size_t max_bytes) {
  std::string out;
  out.reserve(std::min(text.size(), max_bytes));
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    const std::string_view character = length > 0 ? text.substr(0, length) : replacement;
    if (character.size() > max_bytes - out.size()) break;
    out += character;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string clock_time(WallTime time, WallTime now) {
  const Calendar at = calendar(time);
  const std::string clock = print("%02d:%02d:%02d UTC", at.hour, at.minute, at.second);
  const bool same_day =
      std::chrono::floor<std::chrono::days>(time) == std::chrono::floor<std::chrono::days>(now);
  return same_day ? clock : print("%u %s ", at.day, months.at(at.month - 1)) + clock;
}

std::string full_time(WallTime time) {
  const Calendar at = calendar(time);
  return print("%u %s %d, %02d:%02d:%02d UTC", at.day, months.at(at.month - 1), at.year, at.hour, at.minute,
               at.second);
}

std::string span(std::chrono::nanoseconds duration) {
  const auto seconds = std::max<long long>(std::chrono::floor<std::chrono::seconds>(duration).count(), 0);
  const long long minutes = seconds / 60;
  const long long hours = minutes / 60;
  if (minutes == 0) return print("%lld s", seconds);
  if (hours == 0) return print("%lld min", minutes);
  if (hours < 24) return print("%lld h %lld min", hours, minutes % 60);
  return print("%lld d %lld h", hours / 24, hours % 24);
}

std::string measured(double seconds) {
  if (seconds < 0.001) return print("%.0f µs", seconds * 1e6);
  if (seconds < 0.01) return print("%.2f ms", seconds * 1e3);
  if (seconds < 1) return print("%.0f ms", seconds * 1e3);
  return print("%.2f s", seconds);
}

}  // namespace healthd
