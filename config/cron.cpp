#include "config/cron.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string>

namespace healthd {
namespace {

struct Field {
  int least, most;
  std::string_view names;  ///< three letters each, from the one for `least` on; "" for none
};
constexpr std::array fields{
    Field{0, 59, ""},
    Field{0, 23, ""},
    Field{1, 31, ""},
    Field{1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
    Field{0, 7, "sunmontuewedthufrisat"},  // 7 is Sunday again
};

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<int> value_of(std::string_view text, const Field& field) {
  std::string lower{text};
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto named = lower.size() == 3 ? field.names.find(lower) : field.names.npos;
  if (named != field.names.npos && named % 3 == 0) return field.least + static_cast<int>(named) / 3;
  const auto value = number(text);
  if (!value || *value < field.least || *value > field.most) return std::nullopt;
  return value;
}

/// Splits off what stands before `sign`; the whole where there is none.
std::string_view take(std::string_view& rest, char sign) {
  const auto end = std::min(rest.find(sign), rest.size());
  const auto part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

/// `*`, `5`, `1-5`, each with `/2` or without.
bool add_range(std::string_view text, const Field& field, std::bitset<64>& bits) {
  const bool stepped = text.find('/') != text.npos;
  auto rest = text;
  auto range = take(rest, '/');
  const auto step = stepped ? number(rest) : std::optional{1};
  if (!step || *step < 1) return false;
  int first = field.least, last = field.most;
  if (range != "*") {
    const bool open = range.find('-') == range.npos;
    const auto from = value_of(take(range, '-'), field);
    const auto to = open ? (stepped ? std::optional{field.most} : from) : value_of(range, field);
    if (!from || !to || *from > *to) return false;
    first = *from;
    last = *to;
  }
  for (int value = first; value <= last; value += *step) bits.set(static_cast<std::size_t>(value));
  return true;
}

bool parse_field(std::string_view text, const Field& field, std::bitset<64>& bits) {
  if (text.empty() || text.back() == ',') return false;
  while (!text.empty())
    if (!add_range(take(text, ','), field, bits)) return false;
  return true;
}

}  // namespace

std::optional<Cron> Cron::parse(std::string_view text) {
  Cron cron;
  std::array<std::string_view, 5> words{};
  std::size_t count = 0;
  while (!text.empty()) {
    const auto word = take(text, ' ');
    if (word.empty()) continue;
    if (count == words.size()) return std::nullopt;
    words[count++] = word;
  }
  if (count != words.size()) return std::nullopt;
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (!parse_field(words[i], fields[i], cron.fields_[i])) return std::nullopt;
  if (cron.fields_[4].test(7)) cron.fields_[4].set(0);
  cron.any_day_ = words[2].starts_with('*');
  cron.any_weekday_ = words[4].starts_with('*');
  return cron;
}

bool Cron::matches(const std::tm& local) const {
  const auto has = [this](std::size_t field, int value) {
    return fields_[field].test(static_cast<std::size_t>(value));
  };
  if (!has(0, local.tm_min) || !has(1, local.tm_hour) || !has(3, local.tm_mon + 1)) return false;
  const bool day = has(2, local.tm_mday);
  const bool weekday = has(4, local.tm_wday);
  return any_day_ || any_weekday_ ? day && weekday : day || weekday;
}

}  // namespace healthd
