#include <catch2/catch_test_macros.hpp>

#include "tests/support/probe_bench.hpp"
#include "tests/unit/probes/http_web.hpp"

namespace healthd::test {
namespace {

using namespace std::chrono_literals;

ProbeResult probed(const std::string& keys, Duration timeout = 1s) {
  ProbeBench bench;
  const auto probe = bench.make("nginx", "edge", keys);
  REQUIRE(bench.problems().empty());
  return bench.run(*probe, timeout);
}

std::string key(const std::string& name, const std::string& url) { return name + ": \"" + url + "\"\n"; }

Status status_of(const ProbeResult& result, std::string_view check) {
  const auto* found = find_check(result, check);
  REQUIRE(found != nullptr);
  return found->status;
}

std::string evidence(const ProbeResult& result, std::string_view name) {
  for (const auto& [known, text] : result.evidence)
    if (known == name) return text;
  return "";
}

/// Answers `/` after a while, and nothing else ever.
Web::Answers slowly(std::chrono::milliseconds delay) {
  return [delay](const std::string& path) {
    if (path != "/") return std::string{};
    std::this_thread::sleep_for(delay);
    return web_page(200, "");
  };
}

const std::string look_at_gunicorn = "the application does not answer directly either: look at gunicorn";

/// A port that nobody listens on any more.
std::string nobody() {
  return Web{[](const std::string&) { return std::string{}; }}.url("/");
}

ProbeResult with_redirect_check(std::chrono::milliseconds delay) {
  const Web edge{slowly(delay)};
  return probed(key("url", edge.url("/")) + key("redirect_url", edge.url("/redirect")));
}

/// What the edge says on `/` and the application on `/app`.
ProbeResult compared(const std::string& edge, const std::string& app, const std::string& more = "") {
  const Web web{[&](const std::string& path) { return path == "/" ? edge : app; }};
  return probed(key("url", web.url("/")) + key("direct", web.url("/app")) + more);
}

}  // namespace

TEST_CASE("a side check that hangs degrades the edge") {
  const auto result = with_redirect_check(0ms);
  CHECK(result.status == Status::degraded);
  REQUIRE(find_check(result, "redirect") != nullptr);
  CHECK(find_check(result, "redirect")->reason == Reason::timeout);
}

TEST_CASE("a side check that a slow main check left no time for is not judged") {
  const auto result = with_redirect_check(880ms);
  CHECK(result.status == Status::up);
  CHECK(find_check(result, "redirect") == nullptr);
}

TEST_CASE("an error of the upstream is nginx' fault where the application answers directly") {
  const auto result = compared(web_page(502, "bad gateway"), web_page(200, "OK"));
  CHECK(result.status == Status::degraded);
  CHECK(status_of(result, "https") == Status::up);
  CHECK(status_of(result, "upstream") == Status::down);
  CHECK(status_of(result, "direct") == Status::up);
  CHECK(result.detail == "HTTP 502; the application answers directly: look at nginx");
  CHECK(sample_value(result, "healthd_superset_backend_bypass_ok") == 1);
  CHECK(evidence(result, "direct") == "HTTP 200");
  CHECK(evidence(result, "verdict") == "the application answers directly: look at nginx");
}

TEST_CASE("an error of the upstream is the application's fault where it fails directly too") {
  const auto result = compared(web_page(504, ""), web_page(500, ""));
  CHECK(status_of(result, "https") == Status::up);
  CHECK(status_of(result, "direct") == Status::down);
  CHECK(sample_value(result, "healthd_superset_backend_bypass_ok") == 0);
  CHECK(evidence(result, "direct") == "http_status: HTTP 500");
  CHECK(result.detail == "HTTP 504; the application does not answer directly either: look at gunicorn");
}

TEST_CASE("an edge that says nothing is down, also where the application is silent by itself") {
  const auto result = compared("", "");
  CHECK(result.status == Status::down);
  CHECK(result.reason == Reason::timeout);
  CHECK(status_of(result, "direct") == Status::down);
  CHECK(find_check(result, "upstream") == nullptr);
  CHECK(result.timed_out_in == Phase::first_byte);
  CHECK(sample_value(result, "healthd_superset_backend_bypass_ok") == 0);
  CHECK(result.detail == "no answer in time; " + look_at_gunicorn);
}

TEST_CASE("what the application itself showed moves the blame") {
  for (const auto* app : {"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n",
                          "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlost", ""}) {
    INFO(app);
    const auto result = compared(web_page(500, "", "X: y\r\n"), app, "expect_body: OK\n");
    CHECK(status_of(result, "https") == Status::up);
    CHECK(status_of(result, "upstream") == Status::down);
    CHECK(sample_value(result, "healthd_superset_backend_bypass_ok") == 0);
  }
  const Web edge{[](const std::string&) { return web_page(500, ""); }};
  const auto refused = probed(key("url", edge.url("/")) + key("direct", nobody()));
  CHECK(status_of(refused, "https") == Status::up);
  CHECK(find_check(refused, "direct")->reason == Reason::connect_refused);
}

TEST_CASE("what the way to the application may be the cause of moves no blame") {
  const auto unmoved = [](const ProbeResult& result, Reason reason) {
    CHECK(result.status == Status::down);
    CHECK(result.detail == "HTTP 500");
    CHECK(status_of(result, "direct") == Status::unknown);
    CHECK(find_check(result, "direct")->reason == reason);
    CHECK_FALSE(sample_value(result, "healthd_superset_backend_bypass_ok").has_value());
    CHECK(evidence(result, "direct").starts_with(to_string(reason)));
    CHECK(evidence(result, "verdict") == "none: this does not show whether the application works");
  };
  unmoved(compared(web_page(500, ""), web_page(429, "")), Reason::http_status);
  unmoved(compared(web_page(500, ""), "SSH-2.0-x\r\n"), Reason::protocol);
  const Web edge{[](const std::string&) { return web_page(500, ""); }};
  const Web plain{[](const std::string&) { return std::string{}; }};
  const auto secured = "https" + plain.url("/").substr(4);
  unmoved(probed(key("url", edge.url("/")) + key("direct", secured)), Reason::timeout);
}

TEST_CASE("an edge that is good but slow has the whole timeout, whatever the application says meanwhile") {
  for (const auto* app : {"", "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"}) {
    const Web edge{slowly(850ms)}, application{[&](const std::string&) { return app; }};
    const auto result = probed(key("url", edge.url("/")) + key("direct", application.url("/app")));
    CHECK(application.asked().size() == 1);
    CHECK(result.status == Status::up);
    CHECK(find_check(result, "direct") == nullptr);
    CHECK_FALSE(sample_value(result, "healthd_superset_backend_bypass_ok").has_value());
    CHECK(evidence(result, "direct").empty());
  }
}

TEST_CASE("a good answer of the edge does not wait for that of the application") {
  const Web edge{slowly(1100ms)}, application{[](const std::string&) { return std::string{}; }};
  const auto begin = std::chrono::steady_clock::now();
  const auto result = probed(key("url", edge.url("/")) + key("direct", application.url("/app")), 1500ms);
  CHECK(std::chrono::steady_clock::now() - begin < 1400ms);
  CHECK(result.status == Status::up);
}

TEST_CASE("an edge that fails late is compared with what the application was asked meanwhile") {
  const Web application{[](const std::string&) { return std::string{}; }};
  const Web edge{[](const std::string&) {
    std::this_thread::sleep_for(800ms);
    return web_page(504, "");
  }};
  const auto result = probed(key("url", edge.url("/")) + key("direct", application.url("/app")));
  CHECK(application.asked().size() == 1);
  CHECK(status_of(result, "https") == Status::up);
  CHECK(find_check(result, "direct")->reason == Reason::timeout);
  CHECK(result.detail == "HTTP 504; " + look_at_gunicorn);
}

TEST_CASE("an edge that waits in vain is down where the application answers directly") {
  const auto result = compared("", web_page(200, "OK"));
  CHECK(result.status == Status::down);
  CHECK(result.reason == Reason::timeout);
  CHECK(find_check(result, "upstream") == nullptr);
  CHECK(result.detail.ends_with("the application answers directly: look at nginx"));
}

TEST_CASE("a wrong page is the proxy's fault only where the application gives the right one") {
  const std::string want = "expect_body: OK\nexpect_header: {x-edge: yes}\n";
  const auto proxy = compared(web_page(200, "maintenance", "X-Edge: yes\r\n"), web_page(200, "OK"), want);
  CHECK(proxy.status == Status::down);
  CHECK(proxy.reason == Reason::body_mismatch);
  CHECK(evidence(proxy, "body") == "maintenance");
  const auto app =
      compared(web_page(200, "maintenance", "X-Edge: yes\r\n"), web_page(200, "maintenance"), want);
  CHECK(app.status == Status::degraded);
  CHECK(status_of(app, "upstream") == Status::down);
}

TEST_CASE("nobody asks the application while the edge is well, or not to be asked") {
  const Web web{[](const std::string& path) { return web_page(path == "/" ? 200 : 429, ""); }};
  for (const auto* path : {"/", "/limited"}) {
    const auto result = probed(key("url", web.url(path)) + key("direct", web.url("/app")));
    CHECK(find_check(result, "direct") == nullptr);
    CHECK_FALSE(sample_value(result, "healthd_superset_backend_bypass_ok").has_value());
  }
  CHECK(web.asked() == std::vector<std::string>{"/", "/limited"});
}

TEST_CASE("who asks us to come less often is not down, and is rested for as long as it says") {
  const Web web{[](const std::string&) { return web_page(429, "slow down", "Retry-After: 7\r\n"); }};
  const auto result = probed(key("url", web.url("/")));
  CHECK(result.status == Status::degraded);
  CHECK(result.reason == Reason::http_status);
  CHECK(result.rest == 7s);
  CHECK(find_check(result, "upstream") == nullptr);
}

TEST_CASE("a redirect is an answer, and followed only where that is configured") {
  const Web web{[](const std::string& path) {
    return path == "/" ? web_page(302, "", "Location: /login/\r\n") : web_page(200, "Sign in");
  }};
  CHECK(probed(key("url", web.url("/"))).status == Status::up);
  CHECK(web.asked().size() == 1);
  const auto result = probed(key("url", web.url("/")) + "follow_redirects: true\nexpect_body: Sign in\n");
  CHECK(result.status == Status::up);
  CHECK(sample_value(result, "healthd_http_redirects") == 1);
  CHECK(web.asked().back() == "/login/");
}

TEST_CASE("redirects that lead nowhere are a wrong status") {
  const Web web{[](const std::string& path) {
    const auto next = path == "/circle" ? "/circle" : path == "/away" ? "http://127.0.0.9/x" : path + "1";
    return web_page(302, "", "Location: " + std::string{next} + "\r\n");
  }};
  const auto detail = [&](const std::string& path) {
    const auto result = probed(key("url", web.url(path)) + "follow_redirects: true\n");
    CHECK(result.status == Status::down);
    CHECK(result.reason == Reason::http_status);
    return result.detail;
  };
  CHECK(detail("/circle") == "HTTP 302: the redirects go round in a circle");
  CHECK(detail("/away") == "HTTP 302: the redirect leads to another host, path /x");
  CHECK(detail("/longer") == "HTTP 302: more than 3 redirects");
  CHECK(web.asked().size() == 6);
}

TEST_CASE("an answer that is good but slow degrades the edge") {
  const Web web{slowly(120ms)};
  const auto slow = probed(key("url", web.url("/")) + "slow_after: 100ms\n");
  CHECK(slow.status == Status::degraded);
  CHECK(slow.reason == Reason::slow);
  CHECK(status_of(slow, "https") == Status::up);
  CHECK(status_of(slow, "latency") == Status::down);
  CHECK(status_of(probed(key("url", web.url("/")) + "slow_after: 900ms\n"), "latency") == Status::up);
}

TEST_CASE("cookies without flags are a warning where they are expected to have them") {
  const Web web{[](const std::string&) { return web_page(200, "", "Set-Cookie: session=hd-canary\r\n"); }};
  CHECK(probed(key("url", web.url("/"))).status == Status::up);
  const auto result = probed(key("url", web.url("/")) + "expect_secure_cookies: true\n");
  CHECK(result.status == Status::degraded);
  CHECK(result.detail == "the cookie session lacks Secure, HttpOnly, SameSite");
}

TEST_CASE("the configured limit of connections is told beside the counters") {
  const Web web{[](const std::string&) { return web_page(200, ""); }};
  const auto result = probed(key("url", web.url("/")) + "worker_connections_limit: 1024\n");
  CHECK(sample_value(result, "healthd_nginx_worker_connections_limit") == 1024);
}

TEST_CASE("every key of the edge is understood") {
  const Web web{[](const std::string&) {
    return web_page(200, "OK", "Strict-Transport-Security: max-age=60\r\nX-Edge: yes\r\n");
  }};
  const auto result =
      probed(key("url", web.url("/")) + key("direct", web.url("/app")) +
             "expect_status: [200, 204]\nexpect_body: OK\nexpect_body_regex: ^OK$\n"
             "expect_header: {x-edge: yes}\nfollow_redirects: true\nslow_after: 900ms\n"
             "expect_hsts: true\nexpect_secure_cookies: true\nworker_connections_limit: 512\n");
  CHECK(result.status == Status::up);
  for (const auto* check : {"https", "upstream", "latency", "hsts", "cookies"})
    CHECK(status_of(result, check) == Status::up);
}

}  // namespace healthd::test
