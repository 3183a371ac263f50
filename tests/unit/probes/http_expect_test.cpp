#include "probes/http_expect.hpp"

#include <catch2/catch_test_macros.hpp>
#include <chrono>

#include "probes/net/retry_after.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

std::string problems_of(const std::string& keys) {
  Problems problems;
  auto options = Options::from_text(keys, "x.yaml", problems);
  read_expectations(options);
  options.finish();
  std::string text;
  for (const auto& problem : problems.sorted()) text += to_string(problem) + "\n";
  return text;
}

Failure verdict(const std::string& keys, const HttpResponse& response) {
  Problems problems;
  auto options = Options::from_text(keys, "x.yaml", problems);
  const auto expected = read_expectations(options, {200});
  REQUIRE(problems.sorted().empty());
  return check_expectations(expected, response);
}

HttpResponse page(int status, std::string body,
                  std::vector<std::pair<std::string, std::string>> headers = {}) {
  return {status, std::move(headers), std::move(body)};
}

}  // namespace

TEST_CASE("the status is one of those that are expected") {
  CHECK_FALSE(verdict("a: b", page(200, "")));
  CHECK(verdict("a: b", page(204, "")).detail == "HTTP 204, expected 200");
  CHECK_FALSE(verdict("expect_status: 404", page(404, "")));
  CHECK_FALSE(verdict("expect_status: [200, 204]", page(204, "")));
  CHECK(verdict("expect_status: [200, 204]", page(500, "")).detail == "HTTP 500, expected 200 or 204");
  CHECK_FALSE(check_expectations({}, page(399, "")));
  CHECK(check_expectations({}, page(400, "")).reason == Reason::http_status);
  CHECK(check_expectations({}, page(101, "")).reason == Reason::http_status);
}

TEST_CASE("a login page in place of the health page is told by its body") {
  CHECK_FALSE(verdict("expect_body: OK", page(200, "it is OK\n")));
  const auto wrong = verdict("expect_body: OK", page(200, "<title>Sign in</title>"));
  CHECK(wrong.reason == Reason::body_mismatch);
  CHECK(wrong.detail == "the body without \"OK\"");
  CHECK_FALSE(verdict("expect_body_regex: '^O[KQ]$'", page(200, "OK")));
  CHECK(verdict("expect_body_regex: '^O[KQ]$'", page(200, "OK!")).detail == "the body not as in \"^O[KQ]$\"");
}

TEST_CASE("a body that was cut before the match is reported as cut") {
  auto response = page(200, std::string(65536, 'x'));
  response.body_cut = true;
  CHECK(verdict("expect_body: OK", response).detail ==
        "the body's first 65536 bytes (the rest was not read) without \"OK\"");
  CHECK_FALSE(verdict("expect_body: xxx", response));
}

TEST_CASE("a header may come in any case and more than once") {
  const auto response =
      page(200, "", {{"Content-Type", "text/html"}, {"VARY", "Accept"}, {"Vary", "Cookie"}});
  CHECK_FALSE(verdict("expect_header: {content-type: text/html, Vary: Cookie}", response));
  const auto wrong = verdict("expect_header: {Content-Type: text/plain}", response);
  CHECK(wrong.reason == Reason::body_mismatch);
  CHECK(wrong.detail == R"(the header content-type is "text/html", expected "text/plain" in it)");
  CHECK(verdict("expect_header: {x-none: ''}", response).detail == "the answer has no header x-none");
}

TEST_CASE("what a wrong header holds is bounded and scrubbed") {
  const auto response = page(200, "",
                             {{"Set-Cookie", "session=hd-canary"},
                              {"X-Where", "https://u:hd-canary@host/"},
                              {"X-Long", std::string(8000, 'y')}});
  for (const auto* name : {"set-cookie", "x-where", "x-long"}) {
    const auto wrong = verdict("expect_header: {" + std::string{name} + ": nothing}", response);
    REQUIRE(wrong.reason == Reason::body_mismatch);
    CHECK(wrong.detail.find(name) != std::string::npos);
    CHECK(wrong.detail.find("canary") == std::string::npos);
    CHECK(wrong.detail.size() < 200);
  }
}

TEST_CASE("a pattern that does not compile, or would cost too much, is an error of the configuration") {
  CHECK(problems_of("expect_body_regex: 'a('") ==
        "x.yaml:1:20: expect_body_regex: not a regular expression of RE2: missing ): a(\n");
  CHECK(problems_of("expect_body_regex: '(?=a)'").find("not a regular expression") != std::string::npos);
  CHECK(problems_of("expect_body_regex: '((a{1,100}){1,100}){1,100}'").find("not a regular") !=
        std::string::npos);
  CHECK(problems_of("expect_body_regex: '^OK$'").empty());
}

TEST_CASE("a pattern that is a trap elsewhere costs linear time here") {
  auto response = page(200, std::string(65536, 'a'));
  const auto begin = std::chrono::steady_clock::now();
  CHECK(verdict("expect_body_regex: '(a*)*(a|aa)+$b'", response).reason == Reason::body_mismatch);
  CHECK(std::chrono::steady_clock::now() - begin < 1s);
}

TEST_CASE("a rest is asked for in seconds or until a date, and nonsense is none") {
  const auto now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + 16h;
  CHECK(retry_after("42", now) == 42s);
  CHECK(retry_after("Mon, 23 Nov 2026 16:00:30 GMT", now) == 30s);
  CHECK(retry_after("99999", now) == 3600s);
  CHECK(retry_after("99999999999999999999999", now) == 3600s);
  CHECK(retry_after("Fri, 31 Dec 9999 23:59:59 GMT", now) == 3600s);
  for (const auto* over : {"0", "Mon, 23 Nov 2026 15:59:00 GMT"}) CHECK(retry_after(over, now) == 0s);
  for (const auto* none : {"", "-5", "+5", "1.5", "soon", "5 s"})
    CHECK_FALSE(retry_after(none, now).has_value());
}

}  // namespace healthd
