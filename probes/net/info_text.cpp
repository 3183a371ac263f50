#include "probes/net/info_text.hpp"

#include <charconv>
#include <cmath>

namespace healthd {

InfoText::InfoText(std::string_view text) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto colon = line.find(':');
    if (line.starts_with('#') || colon == std::string_view::npos) continue;
    fields_.insert_or_assign(std::string{line.substr(0, colon)}, std::string{line.substr(colon + 1)});
  }
}

std::string_view InfoText::text(std::string_view field) const {
  const auto found = fields_.find(field);
  return found == fields_.end() ? std::string_view{} : std::string_view{found->second};
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
