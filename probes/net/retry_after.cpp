#include "probes/net/retry_after.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <string>

namespace healthd {
namespace {

constexpr std::chrono::hours longest_rest{1};

std::chrono::seconds within_reason(std::chrono::seconds rest) {
  return std::clamp<std::chrono::seconds>(rest, std::chrono::seconds{0}, longest_rest);
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::optional<std::chrono::seconds> retry_after(std::string_view header,
                                                std::chrono::system_clock::time_point now) {
  if (is_number(header)) {
    long long count = 0;
    const auto [stop, error] = std::from_chars(header.data(), header.data() + header.size(), count);
    if (error != std::errc{}) return longest_rest;  // too large a number
    return within_reason(std::chrono::seconds{std::min(count, 86'400LL)});
  }
  const auto moment = http_date(header);
  if (!moment) return std::nullopt;
  return within_reason(*moment - std::chrono::floor<std::chrono::seconds>(now));
}

std::optional<std::chrono::sys_seconds> http_date(std::string_view header) {
  const std::string text{header};
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (rest == nullptr || *rest != '\0') return std::nullopt;
  // In seconds: a date may lie beyond the clock's last nanosecond.
  return std::chrono::sys_seconds{std::chrono::seconds{::timegm(&parts)}};
}

}  // namespace healthd
