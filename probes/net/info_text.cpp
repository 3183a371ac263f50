#include "probes/net/info_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace healthd {
namespace {

constexpr std::size_t most_fields = 4096;
constexpr std::size_t usual_fields = 256;

/// By name, and of one name the first in the text: only that one is kept.
bool comes_before(const InfoText::Field& one, const InfoText::Field& other) {
  return one.first != other.first ? one.first < other.first : one.second.data() < other.second.data();
}

}  // namespace

InfoText::InfoText(std::string_view text) : text_{std::make_shared<const std::string>(text)} {
  std::string_view rest{*text_};
  fields_.reserve(usual_fields);
  while (!rest.empty() && fields_.size() < most_fields) {
    const auto end = std::min(rest.find('\n'), rest.size());
    auto line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto colon = line.find(':');
    if (line.starts_with('#') || colon == std::string_view::npos) continue;
    fields_.emplace_back(line.substr(0, colon), line.substr(colon + 1));
  }
  std::ranges::sort(fields_, comes_before);
  const auto twins = std::ranges::unique(fields_, {}, &Field::first);
  fields_.erase(twins.begin(), twins.end());
}

std::string_view InfoText::text(std::string_view field) const {
  const auto found = std::ranges::lower_bound(fields_, field, {}, &Field::first);
  return found == fields_.end() || found->first != field ? std::string_view{} : found->second;
}

std::optional<double> InfoText::number(std::string_view field) const {
  const auto digits = text(field);
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

std::optional<double> memory_share(const InfoText& info) {
  const auto limit = info.number("maxmemory");
  const auto used = info.number("used_memory");
  if (!limit || *limit <= 0 || !used) return std::nullopt;
  // Buffers of replicas and of the append-only file do not count against the limit.
  return (*used - info.number("mem_not_counted_for_evict").value_or(0)) / *limit;
}

Failure memory_short(const InfoText& info, double share) {
  const auto used = memory_share(info);
  if (!used || *used <= share || info.text("maxmemory_policy").starts_with("allkeys")) return {};
  const auto percent = std::to_string(std::lround(*used * 100));
  return {Reason::oom, "Redis uses " + percent + " % of maxmemory (policy " +
                           std::string{info.text("maxmemory_policy")} + ")"};
}

}  // namespace healthd
