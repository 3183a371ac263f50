#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "exporters/post.hpp"
#include "tests/unit/exporters/notifier_bench.hpp"
#include "tests/unit/exporters/scripted_http.hpp"
#include "tests/unit/exporters/secret_file.hpp"

namespace healthd::test {
namespace {

std::string hook(const std::string& url) { return "url: \"" + url + "\"\n"; }

}  // namespace

TEST_CASE("a receiver's answer decides whether trying again can help") {
  struct Case {
    int status;
    Delivery::Kind kind;
    std::string reason;
  };
  const Case cases[] = {
      {200, Delivery::Kind::sent, ""},
      {202, Delivery::Kind::sent, ""},
      {301, Delivery::Kind::rejected, "rejected"},
      {400, Delivery::Kind::rejected, "http_4xx"},
      {404, Delivery::Kind::rejected, "http_4xx"},
      {408, Delivery::Kind::retry, "http_4xx"},
      {429, Delivery::Kind::retry, "http_429"},
      {500, Delivery::Kind::retry, "http_5xx"},
      {503, Delivery::Kind::retry, "http_5xx"},
  };
  for (const auto& [status, kind, reason] : cases) {
    INFO(status);
    ScriptedHttp server{{ScriptedHttp::answer(status)}};
    NotifierBench bench{make_webhook, hook(server.url())};
    const auto delivery = bench.send({firing()});
    CHECK(delivery.kind == kind);
    CHECK(delivery.reason == reason);
  }
}

TEST_CASE("a redirect is not followed: alerts go where the configuration says") {
  ScriptedHttp elsewhere{{ScriptedHttp::answer(200)}};
  ScriptedHttp server{{ScriptedHttp::answer(307, "Location: " + elsewhere.url() + "\r\n")}};
  NotifierBench bench{make_webhook, hook(server.url())};

  CHECK(bench.send({firing()}).kind == Delivery::Kind::rejected);
  CHECK(elsewhere.seen().empty());
}

TEST_CASE(
    "a receiver at an address of the link, or of nobody, is not connected to, directly or through a proxy") {
  for (const std::string& yaml :
       {hook("http://169.254.169.254/latest"), hook("https://[fe80::1]/"), hook("http://0.0.0.0/"),
        hook("http://[::ffff:169.254.169.254]/"), hook("http://224.0.0.1/"),
        hook("http://169.254.169.254/") + "proxy: {url: \"http://127.0.0.1:1\"}\n",
        hook("https://169.254.169.254/") + "proxy: {url: \"http://127.0.0.1:1\"}\n"}) {
    INFO(yaml);
    NotifierBench bench{make_webhook, yaml};
    REQUIRE(bench.problems().empty());
    const auto delivery = bench.send({firing()});
    CHECK(delivery.kind == Delivery::Kind::retry);
    CHECK(delivery.reason == "connect");
    CHECK_THAT(delivery.detail, Catch::Matchers::EndsWith("no receiver may be there"));
    CHECK_FALSE(delivery.may_have_arrived);
  }
}

TEST_CASE("a mail server at such an address is not connected to either") {
  NotifierBench bench{
      make_email,
      "{to: [a@example.com], from: b@example.com, smarthost: \"169.254.1.1:25\", starttls: \"off\"}"};
  REQUIRE(bench.problems().empty());
  CHECK_THAT(bench.send({firing()}).detail, Catch::Matchers::EndsWith("no receiver may be there"));
}

TEST_CASE("a user in a receiver's URL is refused, once, and not repeated") {
  const NotifierBench bench{make_webhook, hook("http://s3cret@127.0.0.1/")};
  REQUIRE(bench.problems().size() == 1);
  CHECK(bench.problems()[0].message == "url: a user or a password does not belong in this URL");
}

TEST_CASE("a receiver that asks for patience gets it, within bounds") {
  ScriptedHttp server{{ScriptedHttp::answer(429, "Retry-After: 42\r\n")}};
  NotifierBench bench{make_webhook, hook(server.url())};

  CHECK(bench.send({firing()}).retry_after == 42s);
}

TEST_CASE("a receiver's patience has bounds") {
  const auto [asked, kept] = GENERATE(table<const char*, std::chrono::seconds>(
      {{"0", 1s}, {"864000", 15min}, {"Mon, 13 Nov 2023 22:14:20 GMT", 1s}}));
  ScriptedHttp server{{ScriptedHttp::answer(429, std::string{"Retry-After: "} + asked + "\r\n")}};
  NotifierBench bench{make_webhook, hook(server.url())};
  CHECK(bench.send({firing()}).retry_after == kept);
}

TEST_CASE("a receiver that is not there, hangs up or says nothing is tried again") {
  SECTION("refused") {
    std::string url;
    {
      const ScriptedHttp gone{{}};
      url = gone.url();
    }
    NotifierBench bench{make_webhook, hook(url)};
    const auto delivery = bench.send({firing()});
    CHECK(delivery.kind == Delivery::Kind::retry);
    CHECK(delivery.reason == "connect");
  }
  SECTION("closed without an answer") {
    ScriptedHttp server{{""}};
    NotifierBench bench{make_webhook, hook(server.url())};
    const auto delivery = bench.send({firing()});
    CHECK(delivery.kind == Delivery::Kind::retry);
    CHECK(delivery.reason == "connect");
  }
  SECTION("frozen") {
    ScriptedHttp server{{ScriptedHttp::silence}};
    NotifierBench bench{make_webhook, hook(server.url())};
    const auto begin = std::chrono::steady_clock::now();
    const auto delivery = bench.send({firing()}, 200ms);
    CHECK(delivery.kind == Delivery::Kind::retry);
    CHECK(delivery.reason == "timeout");
    CHECK(std::chrono::steady_clock::now() - begin < 1s);
  }
}

TEST_CASE("plain HTTP through a proxy names the whole address, and only the proxy hears the password") {
  const SecretFile password{"opensesame"};
  ScriptedHttp proxy{{ScriptedHttp::answer(200)}};
  NotifierBench bench{make_webhook, hook("http://hooks.example.com:8080/in?a=1") + "proxy: {url: \"" +
                                        proxy.url() +
                                        "\", username: healthd, password_file: " + password.path() + "}\n"};
  REQUIRE(bench.problems().empty());
  CHECK(bench.send({firing()}).kind == Delivery::Kind::sent);
  const auto& seen = proxy.seen();
  REQUIRE(seen.size() == 1);
  CHECK(
      seen[0].has("POST http://hooks.example.com:8080/in?a=1 HTTP/1.1\r\nHost: hooks.example.com:8080\r\n"));
  CHECK(seen[0].has("Proxy-Authorization: Basic aGVhbHRoZDpvcGVuc2VzYW1l\r\n"));
}

TEST_CASE("a proxy that gives no tunnel is named, and the message is kept for another try") {
  const auto [answer, words] = GENERATE(table<std::string, const char*>(
      {{ScriptedHttp::answer(407), "answered HTTP 407 to CONNECT"},
       {ScriptedHttp::answer(503), "answered HTTP 503 to CONNECT"},
       {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "does not speak HTTP"},
       {"HTTP/1.1 200 OK\r\n\r\nsurprise", "sent more than an answer"},
       {"HTTP/1.1 200 OK\r\nX: " + std::string(20000, 'x'), "the answer of the proxy is too large"}}));
  ScriptedHttp proxy{{answer}};
  NotifierBench bench{make_webhook,
                      hook("https://hooks.example.com/in") + "proxy: {url: \"" + proxy.url() + "\"}\n"};
  const auto delivery = bench.send({firing()});
  CHECK(delivery.kind == Delivery::Kind::retry);
  CHECK_FALSE(delivery.may_have_arrived);
  CHECK_THAT(delivery.detail, Catch::Matchers::ContainsSubstring(words));
  CHECK(proxy.seen().at(0).has("CONNECT hooks.example.com:443 HTTP/1.1\r\n"));
}

TEST_CASE("a proxy is an http URL without a login in it") {
  const auto [proxy, message] = GENERATE(table<const char*, const char*>(
      {{"{url: \"https://proxy:3128\"}", "url: expected a URL that begins with http://"},
       {"{url: \"http://u:p@proxy:3128\"}", "url: a user or a password does not belong in this URL"},
       {"{user: x}", "url"}}));
  const NotifierBench bench{make_webhook, hook("http://127.0.0.1:1/") + "proxy: " + proxy + "\n"};
  REQUIRE_FALSE(bench.problems().empty());
  CHECK_THAT(bench.problems()[0].message, Catch::Matchers::ContainsSubstring(message));
}

}  // namespace healthd::test
