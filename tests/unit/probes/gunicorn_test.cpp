#include <catch2/catch_test_macros.hpp>

#include "probes/http_question.hpp"
#include "tests/support/probe_bench.hpp"
#include "tests/unit/probes/http_web.hpp"

namespace healthd::test {
namespace {

using namespace std::chrono_literals;

ProbeResult probed(const std::string& answer, const std::string& keys = "") {
  const Web web{[&](const std::string&) { return answer; }};
  ProbeBench bench;
  const auto probe = bench.make("gunicorn", "app", "url: \"" + web.url("/health") + "\"\n" + keys);
  REQUIRE(bench.problems().empty());
  return bench.run(*probe, 300ms);
}

}  // namespace

TEST_CASE("a gunicorn that accepts and says nothing is saturated") {
  const auto result = probed("");
  CHECK(result.status == Status::down);
  CHECK(result.reason == Reason::saturated);
  CHECK(result.detail.starts_with("the kernel accepted the connection, but no worker answered in "));
  CHECK(result.timed_out_in == Phase::first_byte);
}

TEST_CASE("a gunicorn that leaves the TLS handshake waiting is saturated") {
  const Web web{[](const std::string&) { return std::string{}; }};
  ProbeBench bench;
  const auto probe = bench.make("gunicorn", "app", "url: \"https" + web.url("/health").substr(4) + "\"\n");
  const auto result = bench.run(*probe, 300ms);
  CHECK(result.reason == Reason::saturated);
  CHECK(result.timed_out_in == Phase::tls);
}

TEST_CASE("a gunicorn that redirected us is not saturated, for a worker did answer") {
  const Web web{[](const std::string& path) {
    return path == "/health" ? web_page(302, "", "Location: /login/\r\n") : std::string{};
  }};
  ProbeBench bench;
  const auto probe =
      bench.make("gunicorn", "app", "url: \"" + web.url("/health") + "\"\nfollow_redirects: true\n");
  const auto result = bench.run(*probe, 300ms);
  CHECK(result.status == Status::down);
  CHECK(result.reason == Reason::timeout);
  CHECK(result.timed_out_in == Phase::first_byte);
}

TEST_CASE("the way to a connection is no part of the wait over it") {
  Phases phases;
  phases[Phase::resolve] = 1;
  phases[Phase::connect] = 2;
  CHECK(time_connected(phases) == 0s);
  phases[Phase::tls] = 0.25;
  phases[Phase::request] = 0.125;
  phases[Phase::first_byte] = 0.5;
  CHECK(time_connected(phases) == 875ms);
}

TEST_CASE("a gunicorn that began to answer is not saturated") {
  const auto result = probed("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nOK");
  CHECK(result.reason == Reason::protocol);
}

TEST_CASE("a wrong answer of gunicorn shows its first bytes, scrubbed") {
  const auto result = probed(web_page(500, "Traceback\npassword=hd-canary"));
  CHECK(result.reason == Reason::http_status);
  CHECK(result.evidence.back() == std::pair<std::string, std::string>{"body", "Traceback password=***"});
  const auto page = probed(web_page(200, "<title>Sign in"), "expect_body: OK\n");
  CHECK(page.status == Status::down);
  CHECK(page.reason == Reason::body_mismatch);
}

TEST_CASE("a gunicorn that asks for rest gets the usual one where it names none") {
  const auto result = probed(web_page(429, "", "Retry-After: soon\r\n"));
  CHECK(result.status == Status::degraded);
  CHECK(result.rest == 30s);
}

}  // namespace healthd::test
