#include "exporters/routes.hpp"

#include <array>
#include <boost/asio/thread_pool.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <future>
#include <map>

#include "running_server.hpp"
#include "sample_snapshot.hpp"
#include "web_client.hpp"

using namespace healthd;
using namespace healthd::test;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr std::array runbook_files{EmbeddedFile{"redis-down", "# Redis is down\n\nStart it.\n"}};

/// The whole web side as the daemon has it: loop, workers, routes.
struct Site {
  explicit Site(std::shared_ptr<const Snapshot> shown) : snapshot{std::move(shown)} {}

  std::string get(const std::string& path) {
    WebClient client{server.port()};
    client.send(test::get(path));
    return client.response();
  }

  std::shared_ptr<const Snapshot> snapshot;
  std::map<std::pair<std::string, unsigned>, int> counts;  ///< read after stop()
  RunbookPages runbooks{runbook_files};
  asio::thread_pool workers{1};
  RunningServer server{
      make_routes({.snapshot = [this] { return snapshot; },
                   .count = [this](std::string_view handler,
                                   unsigned status) { ++counts[{std::string{handler}, status}]; },
                   .runbooks = runbooks,
                   .workers = workers.get_executor()})};
};

std::shared_ptr<const Snapshot> share(Snapshot snapshot) {
  return std::make_shared<const Snapshot>(std::move(snapshot));
}

}  // namespace

TEST_CASE("each path shows its page with its type") {
  Site site{share(healthy_stack())};
  const struct {
    const char *path, *type, *part;
  } pages[]{{"/", "text/html; charset=utf-8", "All parts are up."},
            {"/style.css", "text/css; charset=utf-8", "prefers-color-scheme"},
            {"/status.js", "text/javascript; charset=utf-8", "use strict"},
            {"/icon/down.svg", "image/svg+xml", "<svg"},
            {"/incidents/", "text/html; charset=utf-8", "There has been none yet."},
            {"/metrics", "text/plain; version=0.0.4; charset=utf-8", "healthd_build_info{"},
            {"/-/healthy", "text/plain; charset=utf-8", "alive"},
            {"/-/ready", "text/plain; charset=utf-8", "Ready."},
            {"/api/v1/status", "application/json", "\"stack\": \"production\""},
            {"/api/v1/alerts", "application/json", "[]"},
            {"/api/v1/incidents", "application/json", "\"incidents\": []"},
            {"/runbooks/", "text/html; charset=utf-8", "Redis is down"},
            {"/runbooks/redis-down", "text/html; charset=utf-8", "Start it."},
            {"/runbooks/redis-down.md", "text/html; charset=utf-8", "Start it."}};
  for (const auto& page : pages) {
    INFO(page.path);
    const std::string response = site.get(page.path);
    CHECK(response.starts_with("HTTP/1.1 200 "));
    CHECK(field(response, "Content-Type") == page.type);
    CHECK_THAT(body(response), ContainsSubstring(page.part));
  }
}

TEST_CASE("an incident is shown as JSON and as a report, and only one that there is") {
  Site site{share(stack_with_incident())};
  const std::string path = "/api/v1/incidents/20261123-120304-4f1c";
  const std::string json = site.get(path);
  CHECK(field(json, "Content-Type") == "application/json");
  CHECK_THAT(body(json), ContainsSubstring("\"acknowledged_by\": \"ann (on it)\""));
  const std::string report = site.get(path + ".md");
  CHECK(field(report, "Content-Type") == "text/markdown; charset=utf-8");
  CHECK_THAT(body(report), ContainsSubstring("# Incident 20261123-120304-4f1c"));
  for (const char* wrong : {"/api/v1/incidents/", "/api/v1/incidents/.md", "/api/v1/incidents/1/2"}) {
    INFO(wrong);
    CHECK(site.get(wrong).starts_with("HTTP/1.1 404 "));
  }
  site.server.stop();
  CHECK(site.counts == std::map<std::pair<std::string, unsigned>, int>{{{"/api/v1/incidents/ID", 200}, 2},
                                                                       {{"/api/v1/incidents/ID", 404}, 3}});
}

TEST_CASE("an incident has a page, and only one that there is") {
  Site site{share(stack_with_incident())};
  const std::string page = site.get("/incidents/20261123-120304-4f1c");
  CHECK(field(page, "Content-Type") == "text/html; charset=utf-8");
  CHECK_THAT(body(page), ContainsSubstring("Timeline"));
  for (const char* wrong :
       {"/incidents/1", "/incidents/20261123-120304-4f1c.md", "/incidents/../style.css"}) {
    INFO(wrong);
    CHECK(site.get(wrong).starts_with("HTTP/1.1 404 "));
  }
  site.server.stop();
  CHECK(site.counts == std::map<std::pair<std::string, unsigned>, int>{{{"/incidents/ID", 200}, 1},
                                                                       {{"/incidents/ID", 404}, 3}});
}

TEST_CASE("only pages that keep themselves new may run a script, and it asks nobody but us") {
  Site site{share(stack_with_incident())};
  for (const char* path : {"/", "/incidents/", "/incidents/20261123-120304-4f1c"}) {
    INFO(path);
    const std::string policy = field(site.get(path), "Content-Security-Policy");
    CHECK_THAT(policy, ContainsSubstring("default-src 'none'; script-src 'self'; connect-src 'self';"));
  }
  for (const char* path : {"/runbooks/redis-down", "/status.js", "/metrics", "/incidents/1", "/nothing"}) {
    INFO(path);
    const std::string policy = field(site.get(path), "Content-Security-Policy");
    CHECK_THAT(policy, ContainsSubstring("default-src 'none'; style-src 'self';"));
    CHECK_THAT(policy, !ContainsSubstring("script-src"));
  }
}

TEST_CASE("readiness waits for the first result of every probe and says how many are missing") {
  Site site{share(fresh_start())};
  const std::string waiting = site.get("/-/ready");
  CHECK(waiting.starts_with("HTTP/1.1 503 "));
  CHECK_THAT(body(waiting), ContainsSubstring("7 of 7 probes have no result yet"));
  CHECK(site.get("/-/healthy").starts_with("HTTP/1.1 200 "));
}

TEST_CASE("before anything is known, pages say so instead of showing nothing") {
  Site site{nullptr};
  CHECK(site.get("/").starts_with("HTTP/1.1 503 "));
  CHECK(site.get("/metrics").starts_with("HTTP/1.1 503 "));
  CHECK(site.get("/api/v1/incidents/1").starts_with("HTTP/1.1 503 "));
  CHECK(site.get("/-/ready").starts_with("HTTP/1.1 503 "));
}

TEST_CASE("unknown paths are 404, and cannot invent new handlers to count") {
  Site site{share(healthy_stack())};
  for (const char* path : {"/nothing", "/metrics/", "/runbooks", "//", "/api/v1/status%00"}) {
    INFO(path);
    CHECK(site.get(path).starts_with("HTTP/1.1 404 "));
  }
  CHECK(site.get("/runbooks/nothing").starts_with("HTTP/1.1 404 "));
  site.get("/metrics?x=y");
  site.server.stop();
  CHECK(site.counts == std::map<std::pair<std::string, unsigned>, int>{
                           {{"other", 404}, 5}, {{"/runbooks/SLUG", 404}, 1}, {{"/metrics", 200}, 1}});
}

TEST_CASE("a page that is slow to make keeps no other request waiting") {
  Site site{share(healthy_stack())};
  std::promise<void> release;
  asio::post(site.workers, [gate = release.get_future().share()] { gate.wait(); });
  WebClient scraper{site.server.port()};
  scraper.send(test::get("/metrics"));
  CHECK(site.get("/-/healthy").starts_with("HTTP/1.1 200 "));
  release.set_value();
  CHECK(scraper.response().starts_with("HTTP/1.1 200 "));
}
