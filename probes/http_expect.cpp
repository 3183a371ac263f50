#include "probes/http_expect.hpp"

#include <re2/re2.h>
#include <re2/stringpiece.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "probes/net/scrub.hpp"

namespace healthd {
namespace {

/// What a pattern may cost; RE2 refuses one that needs more, and never takes more than linear time.
constexpr std::int64_t most_regex_bytes = 1 << 20;
constexpr std::size_t shown_bytes = 80;
constexpr std::size_t searched_bytes = 1 << 20;

std::string lower(std::string_view text) {
  std::string small{text};
  std::ranges::transform(small, small.begin(), [](unsigned char c) { return std::tolower(c); });
  return small;
}

std::optional<int> status_code(std::string_view text) {
  int code = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, code);
  if (error != std::errc{} || stop != end || code < 100 || code > 599) return std::nullopt;
  return code;
}

std::vector<int> read_statuses(Options& options, std::vector<int> fallback) {
  constexpr auto key = "expect_status";
  if (!options.has(key)) return fallback;
  std::vector<int> codes;
  bool none = true;
  for (const auto& text : options.texts(key)) {
    if (const auto code = status_code(text))
      codes.push_back(*code);
    else
      options.error(key, "expect_status: expected a whole number from 100 to 599, got \"" + text + "\"");
    none = false;
  }
  if (none) options.error(key, "expect_status: names no status; without the key, 200 to 399 will do");
  return codes;
}

std::shared_ptr<const re2::RE2> read_regex(Options& options) {
  constexpr auto key = "expect_body_regex";
  const auto pattern = options.text(key);
  if (pattern.empty()) return nullptr;
  re2::RE2::Options settings;
  settings.set_max_mem(most_regex_bytes);
  settings.set_log_errors(false);
  auto regex = std::make_shared<const re2::RE2>(pattern, settings);
  if (regex->ok()) return regex;
  options.error(key, "expect_body_regex: not a regular expression of RE2: " + regex->error());
  return nullptr;
}

std::string status_list(const std::vector<int>& codes) {
  std::string text;
  for (const int code : codes) text += (text.empty() ? "" : " or ") + std::to_string(code);
  return text;
}

Failure check_status(const std::vector<int>& expected, int status) {
  const bool fine = expected.empty() ? status >= 200 && status < 400
                                     : std::ranges::find(expected, status) != expected.end();
  if (fine) return {};
  const auto wanted = expected.empty() ? "" : ", expected " + status_list(expected);
  return {Reason::http_status, "HTTP " + std::to_string(status) + wanted};
}

/// Scrubbed together with the name, which may be all that tells a secret. Where it does, not even a part of
/// the value is shown.
std::string shown(const std::string& name, std::string_view value) {
  const auto prefix = name + ": ";
  const bool secret = scrubbed(prefix + "x", prefix.size() + shown_bytes) != prefix + "x";
  if (secret) return "***";
  auto line = scrubbed(prefix + std::string{value}, prefix.size() + shown_bytes);
  line.erase(0, prefix.size());  // a blank at the end of a line goes: of an empty value nothing is left
  return "\"" + line + "\"";
}

Failure check_header(const std::string& name, const std::string& part, const HttpResponse& response) {
  std::optional<std::string_view> came;
  for (const auto& [header, value] : response.headers) {
    if (lower(header) != name) continue;
    if (value.find(part) != std::string::npos) return {};
    if (!came) came = value;
  }
  if (!came) return {Reason::body_mismatch, "the answer has no header " + name};
  return {Reason::body_mismatch,
          "the header " + name + " is " + shown(name, *came) + ", expected " + shown(name, part) + " in it"};
}

bool holds_match(const re2::RE2& regex, const HttpResponse& response) {
  const re2::StringPiece body{response.body};
  re2::StringPiece match;
  if (!regex.Match(body, 0, body.size(), re2::RE2::UNANCHORED, &match, 1)) return false;
  // What stands at our cut may be a match only because of it, as with "OK$".
  return !response.body_cut || match.data() + match.size() != body.data() + body.size();
}

Failure not_found(const HttpResponse& response, std::string_view what, std::string_view wanted) {
  auto detail = std::string{what} + " \"" + scrubbed(wanted, shown_bytes) + "\"";
  if (!response.body_cut) return {Reason::body_mismatch, "the body " + detail};
  const auto read = std::to_string(response.body.size());
  return {Reason::too_large, "the body's first " + read + " bytes (the rest was not read) " + detail};
}

Failure check_body(const Expectations& expected, const HttpResponse& response) {
  if (!expected.body.empty() && response.body.find(expected.body) == std::string::npos)
    return not_found(response, "without", expected.body);
  if (expected.body_regex && !holds_match(*expected.body_regex, response))
    return not_found(response, "not as in", expected.body_regex->pattern());
  return {};
}

}  // namespace

HttpLimits limits_for(const Expectations& expected) {
  HttpLimits limits;
  if (!expected.body.empty() || expected.body_regex) limits.body_bytes = searched_bytes;
  return limits;
}

Expectations read_expectations(Options& options, std::vector<int> statuses) {
  Expectations expected;
  expected.statuses = read_statuses(options, std::move(statuses));
  expected.body = options.text("expect_body");
  expected.body_regex = read_regex(options);
  auto headers = options.map("expect_header");
  for (const auto& name : headers.keys()) expected.headers.emplace_back(lower(name), headers.text(name));
  return expected;
}

Failure check_expectations(const Expectations& expected, const HttpResponse& response) {
  if (auto wrong = check_status(expected.statuses, response.status)) return wrong;
  for (const auto& [name, part] : expected.headers)
    if (auto wrong = check_header(name, part, response)) return wrong;
  return check_body(expected, response);
}

}  // namespace healthd
