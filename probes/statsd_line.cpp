#include "probes/statsd_line.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace healthd {
namespace {

using Type = StatsdLine::Type;

struct TypeWord {
  std::string_view word;
  Type type;
  bool numeric = true;
};
constexpr std::array type_words{TypeWord{"c", Type::counter}, TypeWord{"g", Type::gauge},
                                TypeWord{"ms", Type::timer},  TypeWord{"h", Type::other},
                                TypeWord{"d", Type::other},   TypeWord{"s", Type::other, false}};

/// Takes what stands before `separator` off the front of `text`, or all of it where there is none.
std::string_view take_until(std::string_view& text, char separator) {
  const auto end = std::min(text.find(separator), text.size());
  const auto part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

std::optional<double> parse_finite(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

/// A plus sign, which from_chars() does not take, counts as a sign once.
std::optional<double> parse_value(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  return text.starts_with('+') ? std::nullopt : parse_finite(text);
}

/// `@0.1` and `#key:value,...`, each once at most.
bool read_extras(std::string_view extras, StatsdLine& line) {
  bool rated = false;
  bool tagged = false;
  while (!extras.empty()) {
    const auto extra = take_until(extras, '|');
    bool* seen = extra.starts_with('@') ? &rated : &tagged;
    if (!extra.starts_with('@') && !extra.starts_with('#')) return false;
    if (std::exchange(*seen, true)) return false;
    if (extra.starts_with('#')) continue;
    const auto rate = parse_finite(extra.substr(1));
    if (!rate || *rate <= 0 || *rate > 1) return false;
    line.rate = *rate;
  }
  return true;
}

}  // namespace

std::optional<StatsdLine> parse_statsd_line(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos) return std::nullopt;
  StatsdLine line;
  line.name = text.substr(0, colon);
  text.remove_prefix(colon + 1);
  const auto value = take_until(text, '|');
  const auto type = std::ranges::find(type_words, take_until(text, '|'), &TypeWord::word);
  if (value.empty() || type == type_words.end() || line.name.find('|') != std::string_view::npos)
    return std::nullopt;
  const auto number = type->numeric ? parse_value(value) : std::optional{0.0};
  if (!number || !read_extras(text, line)) return std::nullopt;
  line.type = type->type;
  line.value = *number;
  line.relative = value.starts_with('+') || value.starts_with('-');
  return line;
}

}  // namespace healthd
