#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "exporters/post.hpp"
#include "tests/unit/exporters/notifier_bench.hpp"
#include "tests/unit/exporters/scripted_http.hpp"

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

}  // namespace healthd::test
