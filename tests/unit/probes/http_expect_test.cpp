#include "probes/http_expect.hpp"

#include <re2/re2.h>
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

TEST_CASE("an expectation that a body's beginning does not settle is not called a mismatch") {
  auto response = page(200, std::string(65536, 'x'));
  response.body_cut = true;
  const auto open = verdict("expect_body: OK", response);
  CHECK(open.reason == Reason::too_large);
  CHECK(open.detail == "the body's first 65536 bytes (the rest was not read) without \"OK\"");
  CHECK_FALSE(verdict("expect_body: xxx", response));
  CHECK_FALSE(verdict("expect_body_regex: ^xx", response));
  for (const auto* end : {"'x$'", "'^x*$'", "'x\\z'"})
    CHECK(verdict("expect_body_regex: " + std::string{end}, response).reason == Reason::too_large);
}

TEST_CASE("more of a body is read where something is looked for in it") {
  CHECK(limits_for({}).body_bytes == HttpLimits{}.body_bytes);
  Expectations text;
  text.body = "OK";
  CHECK(limits_for(text).body_bytes == 1048576);
  Expectations pattern;
  pattern.body_regex = std::make_shared<const re2::RE2>("OK");
  CHECK(limits_for(pattern).body_bytes == 1048576);
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

TEST_CASE("a header whose name tells that it is secret is hidden, what was expected of it too") {
  for (const std::string name : {"x-auth-token", "set-cookie", "authorization", "x-session-id"}) {
    const auto wrong =
        verdict("expect_header: {" + name + ": hd-old}", page(200, "", {{name, "tok3n with, more <of> it"}}));
    CHECK(wrong.detail == "the header " + name + " is ***, expected *** in it");
  }
  CHECK(verdict("expect_header: {vary: cookie}", page(200, "", {{"Vary", ""}})).detail ==
        R"(the header vary is "", expected "cookie" in it)");
}

TEST_CASE("a list of statuses that is empty is an error of the configuration") {
  const std::string why = "expect_status: names no status; without the key, 200 to 399 will do\n";
  CHECK(problems_of("expect_status: []") == "x.yaml:1:16: " + why);
  CHECK(problems_of("expect_status:").ends_with(why));
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
  auto response = page(200, std::string(1048576, 'a'));
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
