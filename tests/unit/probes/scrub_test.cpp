#include "probes/net/scrub.hpp"

#include <catch2/catch_test_macros.hpp>

namespace healthd {
namespace {

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("no credential of a stranger's text comes through") {
  for (const auto* text : {
           "password=hd-canary-1",
           "PASSWORD: hd-canary-1",
           R"({"password": "hd-canary-1 with blanks hd-canary-1"})",
           R"({\"db_password\": \"hd-canary-1\"})",
           "&quot;secret&quot;: &quot;hd-canary-1&quot;",
           "x?api_key=hd-canary-1&b=c",
           "X-Api-Key: hd-canary-1",
           "access_token='hd-canary-1'",
           "SECRET_KEY = hd-canary-1",
           "SESSIONID=hd-canary-1",
           "Authorization: Bearer hd-canary-1",
           "Authorization: Basic hd-canary-1",
           "authorization=hd-canary-1",
           "sent bearer hd-canary-1 along",
           "sent Basic aGQtY2FuYXJ5LTE6aGQtY2FuYXJ5LTE= along, not hd",
           "Cookie: a=1; session=hd-canary-1; b=hd-canary-1",
           "Set-Cookie: session=hd-canary-1; Path=/",
           "postgresql://superset:hd-canary-1@db/superset",
           "redis://:hd-canary-1/with/slashes@cache:6379/0",
           "https://hd-canary-1@host/",
           R"(<input type="password" value="hd-canary-1">)",
           "pass\x01word=hd-canary-1",
           "eyJhbGciOiJIUzI1NiJ9.eyJoZC1jYW5hcnktMSI6MX0.c2lnbmF0dXJlMTIzNDU2Nzg5MA and no hd",
           "5f4dcc3b5aa765d61d8327deb882cf99-hd-canary-1",
       }) {
    INFO(text);
    const auto clean = scrubbed(text);
    INFO(clean);
    CHECK_FALSE(holds(clean, "canary"));
    CHECK_FALSE(holds(clean, "Y2FuYXJ5"));
    CHECK_FALSE(holds(clean, "c2lnbm"));
    CHECK(holds(clean, "***"));
  }
}

TEST_CASE("what helps to find the fault stays") {
  for (const auto* text : {
           "502 Bad Gateway nginx/1.22.1",
           "FATAL: password authentication failed for user superset",
           "HTTP Basic authentication is required",
           "the metadata database does not answer",
           "/superset/dashboard/12/?next=/login/",
           "column slices.last_saved_at does not exist (2026-11-23 16:05:58)",
           "connection to 10.0.0.5:5432 refused",
       })
    CHECK(scrubbed(text) == text);
}

TEST_CASE("a page becomes one line without control characters, cut between characters") {
  CHECK(scrubbed("<html>\r\n\t<h1>Down</h1>\r\n\x1b[31mred\x07</html>\r\n") ==
        "<html> <h1>Down</h1> [31mred</html>");
  CHECK(scrubbed("").empty());
  CHECK(scrubbed("abcdef", 4) == "abcd");
  CHECK(scrubbed("abc\xc3\xa9", 4) == "abc");
  CHECK(scrubbed(std::string(1'000'000, 'x')).size() == 256);
  CHECK(scrubbed(std::string(10, '\xff'), 5).size() <= 5);
  CHECK(scrubbed(std::string(10, '\x80'), 5).size() <= 5);
}

TEST_CASE("a secret that the cut would halve is masked before") {
  const auto text = std::string(250, 'x') + " 0123456789abcdef0123456789abcdef";
  CHECK_FALSE(holds(scrubbed(text), "0123"));
}

}  // namespace healthd
