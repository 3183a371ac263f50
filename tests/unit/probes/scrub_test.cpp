#include "probes/net/scrub.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>

namespace healthd {
namespace {

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("what nobody sees, but what changes the words around it, goes from a stranger's text") {
  CHECK(scrubbed("a\u202eb\u2066c\u2028d\u200be\ufefff\u0085g", 100) == "abcdefg");
  CHECK(scrubbed("pass\u200bword=hunter2", 100) == "password=***");
  CHECK(scrubbed("Gr\u00fc\u00dfe, \u2013 \u4e2d\u6587 \u20ac", 100) ==
        "Gr\u00fc\u00dfe, \u2013 \u4e2d\u6587 \u20ac");
}

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

TEST_CASE("a secret does not come through, however its quotes and separators are written") {
  for (const auto* text : {
           "SECRET_KEY: b'LEAK'",
           "{'SECRET_KEY': b\"LEAK it\", 'DEBUG': False}",
           "password=r'LEAK' token: u\"LEAK\" secret=rb'LEAK'",
           R"(password=""LEAK"")",
           R"("x","password=""a LEAK""")",
           R"(password = """a LEAK""")",
           "password='it''s LEAK'",
           R"({"password": "abc\"LEAK"})",
           R"({"password": "abc\" LEAK"})",
           R"({"password": "abc\\", "token": "LEAK"})",
           R"(password='a\'LEAK')",
           R"(password='a\' LEAK')",
           R"({\"password\": \"abc LEAK\"})",
           R"({\"password\": \"abc\\\" LEAK\"})",
           R"("{\\\"password\\\": \\\"abc LEAK\\\"}")",
           "secret&#34;: &#34;a LEAK&#34;",
           "guest_token&#x27;:&#x27;LEAK",
           "guest_token&#x27;: &#x27;a LEAK&#x27;",
           "guest_token&apos;: &apos;a LEAK&apos;",
           "guest_token&quot;: &quot;a \\&quot;b LEAK&quot;",
           "guest_token&amp;quot;: &amp;quot;a LEAK&amp;quot;",
           "guest_token&#39;=&gt;&#39;a LEAK&#39;",
           "'password' => 'a LEAK'",
           "password%3DLEAK",
           "%7B%22password%22%3A%20%22a LEAK%22%7D",
           "next=%252F%253Fpassword%253DLEAK",
           R"(\u0022password\u0022: \u0022a LEAK\u0022)",
           "user[password]=LEAK",
           "auth: LEAK, redis_auth=LEAK auth_key: LEAK oauth2=LEAK",
           "password=a\"LEAK",
           "password=a,LEAK",
           "password=a&lt;LEAK&amp;LEAK",
           "token=abc:\n{\"password\": \"a LEAK\"}",
           "password='a LEAK",
           "password: secret: LEAK",
           R"(password: token: "a LEAK")",
           R"(href="/x?token=abc" password="a LEAK")",
           R"("password='x'" token="a LEAK")",
           R"(token="a and then {"password": "b LEAK"})",
           R"({"tokens": ["LEAK one", "LEAK two"]})",
           "('password', 'a LEAK')",
           "run --password LEAK now",
           "ALTER ROLE x PASSWORD 'a LEAK'",
       }) {
    INFO(text);
    const auto clean = scrubbed(text);
    INFO(clean);
    CHECK_FALSE(holds(clean, "LEAK"));
    CHECK(holds(clean, "***"));
  }
}

TEST_CASE("of a header that lets someone in, the rest of the line is masked") {
  for (const auto* header : {
           R"(Authorization: Digest username="u", response="LEAK")",
           "Authorization: CustomScheme LEAK",
           "Proxy-Authorization: AWS4 Credential=a/b, Signature=LEAK",
           "HTTP_AUTHORIZATION: Some LEAK",
           "Cookie: a=1; b=<LEAK>; c=LEAK",
           "Set-Cookie: LEAK; Path=/; x=LEAK",
           "X-Api-Key: a LEAK",
           "X-Auth-Token: a, LEAK",
       }) {
    const auto clean = scrubbed("Host: a\n" + std::string{header} + "\nAccept: b");
    INFO(clean);
    CHECK_FALSE(holds(clean, "LEAK"));
    CHECK(clean.starts_with("Host: a "));
    CHECK(clean.ends_with("*** Accept: b"));
  }
}

TEST_CASE("what a form or a page holds for its owner is masked") {
  for (const auto* text : {
           "<input name=password value=LEAK>",
           R"(<input type="password" value="LEAK">)",
           R"(<input name="csrf_token" value="LEAK">)",
           R"(<input value="a>LEAK" name="csrf_token"/>)",
           R"(<meta content="LEAK" name="csrf-token">)",
           R"(<div data-token="a LEAK">)",
           "<password>a LEAK</password>",
           "<b>Password:</b> LEAK",
           "<td>SECRET_KEY</td> <td class=x><pre>&#x27;a LEAK&#x27;</pre></td>",
           "<textarea name=x>a LEAK</textarea>",
           "-----BEGIN RSA PRIVATE KEY-----\nabc\nLE-LEAK\n-----END RSA PRIVATE KEY-----",
       }) {
    INFO(text);
    const auto clean = scrubbed(text);
    INFO(clean);
    CHECK_FALSE(holds(clean, "LEAK"));
    CHECK(holds(clean, "***"));
  }
}

TEST_CASE("users of databases are masked, their hosts stay") {
  CHECK(scrubbed("at postgresql://user:LEAK@host/db now") == "at postgresql://***@host/db now");
  CHECK(scrubbed("redis://:LEAK@host") == "redis://***@host");
  CHECK(scrubbed("postgresql+psycopg2://u:a'LE\"AK@host:5432/db") ==
        "postgresql+psycopg2://***@host:5432/db");
  CHECK(scrubbed("redis%3A%2F%2F%3ALEAK%40host") == "redis%3A%2F%2F***@host");
  CHECK(scrubbed(R"("redis:\/\/:LEAK@host")") == R"("redis:\/\/***@host")");
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
           "<html><head><title>401 Authorization Required</title></head>",
           "<!DOCTYPE html><title>Superset: sign in</title><h1>Sign in</h1><label>User name:</label>",
           "<title>Forgot password?</title> <p>Enter your user name and password below</p>",
           "400 Bad Request: The CSRF session token is missing.",
           "sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) server closed the connection",
           "KeyError: 'datasource'",
           "redis.exceptions.AuthenticationError: invalid pair of user and password",
           R"({"message": "Not found", "errors": [{"level": "error", "code": 404}]})",
           "http://superset:8088/health?full=1, http://superset:8088/ping",
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

TEST_CASE("a secret takes no more of the text with it than it must") {
  CHECK(scrubbed(R"({"password": "a b", "level": "error"})") == R"({"password": ***, "level": "error"})");
  CHECK(scrubbed(R"({\"token\": \"a b\", \"code\": 5})") == R"({\"token\": ***, \"code\": 5})");
  CHECK(scrubbed("{&#x27;dsn&#x27;: &#x27;a b&#x27;, &#x27;code&#x27;: 5}") ==
        "{&#x27;dsn&#x27;: ***, &#x27;code&#x27;: 5}");
  CHECK(scrubbed("GET /x?token=abc&page=2 HTTP/1.1") == "GET /x?token=***&page=2 HTTP/1.1");
  CHECK(scrubbed("error in 'password=abc' near line 5") == "error in 'password=***' near line 5");
  CHECK(scrubbed("<a href=\"/x?token=abc\">Next</a> page") == "<a href=\"/x?token=***\">Next</a> page");
  CHECK(scrubbed("<p>password=abc</p><p>502 Bad Gateway</p>") == "<p>password=***</p><p>502 Bad Gateway</p>");
}

TEST_CASE("a secret that the cut would halve is masked before") {
  const auto text = std::string(250, 'x') + " 0123456789abcdef0123456789abcdef";
  CHECK_FALSE(holds(scrubbed(text), "0123"));
}

TEST_CASE("a secret at the end of what is looked at does not come through in part") {
  for (const auto* secret : {"a0b1c2d3e4f5g6h7i8j9k0", "redis://u:a0b1c2d3@host/and/more/of/it"})
    for (std::size_t before = 2000; before < 2048; ++before) {
      const auto clean = scrubbed(std::string(before, ' ') + secret);
      INFO(before << ": " << clean);
      CHECK_FALSE(holds(clean, "a0b"));
    }
}

TEST_CASE("a text made to be slow costs little") {
  const auto begin = std::chrono::steady_clock::now();
  for (const auto* piece :
       {"\\", "'", "password='", "pass", "token=(", "=", "&#x27;", "//:", "<td>", "\\\"", "%25"}) {
    std::string text;
    while (text.size() < 4096) text += piece;
    CHECK(scrubbed(text).size() <= 256);
    CHECK(scrubbed("password=" + text).size() <= 256);
    CHECK(scrubbed("password=\"" + text).size() <= 256);
  }
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{5});
}

}  // namespace healthd
