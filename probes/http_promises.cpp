#include "probes/http_promises.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "probes/net/scrub.hpp"

namespace healthd {
namespace {

constexpr std::size_t shown_bytes = 80;

std::string lower(std::string_view text) {
  std::string small{text};
  std::ranges::transform(small, small.begin(), [](unsigned char c) { return std::tolower(c); });
  return small;
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// The number that follows `max-age=`; 0 where there is none.
long long max_age(std::string_view header) {
  const auto text = lower(header);
  static const re2::RE2 shape{R"((?:^|;)\s*max-age\s*=\s*"?0*([0-9]{0,10}))"};
  std::string digits;
  if (!re2::RE2::PartialMatch(text, shape, &digits) || digits.empty()) return 0;
  return std::stoll(digits);
}

/// A cookie without a `=` is all value.
std::string cookie_name(std::string_view cookie) {
  const auto end = cookie.find_first_of("=;");
  if (end == std::string_view::npos || cookie[end] != '=') return "without a name";
  return scrubbed(trimmed(cookie.substr(0, end)), shown_bytes);
}

/// What a cookie lacks; "" where it lacks nothing.
std::string lacking(std::string_view cookie) {
  constexpr std::array<std::string_view, 3> wanted{"Secure", "HttpOnly", "SameSite"};
  std::array<bool, wanted.size()> has{};
  for (auto rest = cookie; !rest.empty();) {
    const auto end = std::min(rest.find(';'), rest.size());
    const auto attribute = trimmed(rest.substr(0, end));
    const auto name = lower(trimmed(attribute.substr(0, attribute.find('='))));
    // The first is the cookie itself, whatever it is called.
    for (std::size_t i = 0; i < wanted.size() && rest.data() != cookie.data(); ++i)
      if (name == lower(wanted[i])) has[i] = true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::string text;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (!has[i]) text += (text.empty() ? "" : ", ") + std::string{wanted[i]};
  return text;
}

}  // namespace

Promises read_promises(Options& options, bool https) {
  Promises promises;
  promises.hsts = options.flag("expect_hsts", false);
  promises.secure_cookies = options.flag("expect_secure_cookies", false);
  if (promises.hsts && !https)
    options.error("expect_hsts", "expect_hsts: browsers heed it over https only, and the url is http");
  return promises;
}

void add_promises(const Promises& promises, const HttpResponse& response, ProbeResult& result) {
  if (promises.hsts) result.checks.push_back(judge("hsts", check_hsts(response)));
  if (promises.secure_cookies) result.checks.push_back(judge("cookies", check_cookies(response)));
}

Failure check_hsts(const HttpResponse& response) {
  const auto header = response.header("strict-transport-security");
  if (header.empty()) return {Reason::body_mismatch, "the answer has no header strict-transport-security"};
  if (max_age(header) > 0) return {};
  return {Reason::body_mismatch, "strict-transport-security has no max-age above 0"};
}

Failure check_cookies(const HttpResponse& response) {
  for (const auto& [header, value] : response.headers) {
    if (lower(header) != "set-cookie") continue;
    const auto lack = lacking(value);
    if (lack.empty()) continue;
    return {Reason::body_mismatch, "the cookie " + cookie_name(value) + " lacks " + lack};
  }
  return {};
}

}  // namespace healthd
