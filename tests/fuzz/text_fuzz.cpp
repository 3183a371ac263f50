// Short texts of strangers: headers that ask for something, bodies that are shown to people, durations.
#include "config/duration.hpp"
#include "probes/http_expect.hpp"
#include "probes/http_promises.hpp"
#include "probes/net/retry_after.hpp"
#include "probes/net/scrub.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace healthd {
namespace {

using fuzz::must;

constexpr std::size_t shown = 256;
constexpr std::string_view canary = "hd-canary-1";

void check_scrubbed(std::string_view text) {
  for (const std::size_t most : {std::size_t{0}, std::size_t{10}, shown}) {
    const auto clean = scrubbed(text, most);
    must(clean.size() <= most && fuzz::is_plain(clean), "what is shown is one short line");
  }
  if (scrubbed(text, text.size()).find(canary) != std::string::npos) return;  // the fuzzer has found it out
  const auto secret = "password=" + std::string{canary};
  must(scrubbed(secret + " " + std::string{text}).find(canary) == std::string::npos, "a password is masked");
  must(scrubbed(std::string{text} + "\n" + secret).find(canary) == std::string::npos, "wherever it stands");
}

void check_response(std::string_view text) {
  HttpResponse response;
  response.status = 200;
  response.headers = {{"Set-Cookie", std::string{text}}, {"Strict-Transport-Security", std::string{text}}};
  response.body = text;
  Expectations expected;
  expected.statuses = {204};
  expected.body = canary;
  expected.headers = {{"Set-Cookie", "none of these"}};
  for (const auto& failure :
       {check_hsts(response), check_cookies(response), check_expectations(expected, response)})
    must(fuzz::is_plain(failure.detail) && failure.detail.size() <= 1024, "a detail is one short line");
}

void check_rest(std::string_view text) {
  const std::chrono::system_clock::time_point now{std::chrono::hours{500'000}};
  if (const auto rest = retry_after(text, now))
    must(rest->count() >= 0 && *rest <= std::chrono::hours{1}, "a rest is an hour at most");
}

void check_duration(std::string_view text) {
  const auto duration = parse_duration(text);
  if (!duration) return;
  must(duration->count() >= 0, "a duration is not negative");
  must(parse_duration(format_duration(*duration)) == duration, "a duration survives being printed");
}

}  // namespace
}  // namespace healthd

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = healthd::fuzz::as_text(data, size);
  healthd::check_scrubbed(text);
  healthd::check_response(text);
  healthd::check_rest(text);
  healthd::check_duration(text);
  return 0;
}
