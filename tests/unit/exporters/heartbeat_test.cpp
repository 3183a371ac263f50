#include "exporters/heartbeat.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/run.hpp"
#include "tests/unit/exporters/scripted_http.hpp"
#include "tests/unit/exporters/secret_file.hpp"

namespace healthd::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

/// A heartbeat made from a line of configuration.
class HeartbeatBench {
 public:
  explicit HeartbeatBench(const std::string& yaml) {
    auto options = Options::from_text(yaml, "test.yaml", problems_);
    heartbeat_ = Heartbeat::make(options, NotifierTools{resolver_, contexts_});
    options.finish();
  }

  std::vector<Problem> problems() const { return problems_.sorted(); }
  bool made() const { return heartbeat_.has_value(); }
  Delivery beat(const std::string& trouble = "", std::chrono::milliseconds within = 2s) {
    return run(loop_, heartbeat_.value().beat(trouble, Deadline::in(within)));
  }

 private:
  Problems problems_;
  TlsContexts contexts_;
  boost::asio::io_context loop_{1};
  Resolver resolver_{loop_.get_executor()};
  std::optional<Heartbeat> heartbeat_;
};

std::string url_line(const std::string& url) { return "url: \"" + url + "\"\n"; }

}  // namespace

TEST_CASE("a heartbeat goes to the URL while all is well, and to its /fail with the reason otherwise") {
  ScriptedHttp server{{ScriptedHttp::answer(200), ScriptedHttp::answer(200)}};
  HeartbeatBench bench{url_line(server.url("/ping/abc"))};
  CHECK(bench.beat().kind == Delivery::Kind::sent);
  CHECK(bench.beat("nothing is kept on the disk").kind == Delivery::Kind::sent);
  const auto& seen = server.seen();
  CHECK(seen.at(0).has("POST /ping/abc HTTP/1.1"));
  CHECK(json::parse(seen.at(0).body)["state"] == "ok");
  CHECK(seen.at(1).has("POST /ping/abc/fail HTTP/1.1"));
  CHECK(json::parse(seen.at(1).body) ==
        json{{"state", "failing"}, {"reason", "nothing is kept on the disk"}});
}

TEST_CASE("/fail stands behind the path, whatever the URL ends with") {
  struct Row {
    const char *path, *line;
  };
  for (const auto& row : {Row{"/ping/", "POST /ping/fail "}, Row{"/ping?key=1", "POST /ping/fail?key=1 "},
                          Row{"", "POST /fail "}, Row{"/?key=1", "POST /fail?key=1 "}}) {
    ScriptedHttp server{{ScriptedHttp::answer(200)}};
    HeartbeatBench bench{url_line(server.url(row.path))};
    bench.beat("blind");
    INFO(server.seen().at(0).head);
    CHECK(server.seen().at(0).has(row.line));
  }
}

TEST_CASE("a heartbeat that does not arrive says why, and never what the secret URL is") {
  ScriptedHttp server{{ScriptedHttp::answer(302, "Location: http://127.0.0.1:1/\r\n"),
                       ScriptedHttp::answer(404, "", "no check at /ping/s3cret"), ScriptedHttp::silence}};
  const SecretFile secret{server.url("/ping/s3cret")};
  HeartbeatBench bench{"url_file: " + secret.path() + "\n"};
  REQUIRE(bench.made());
  const auto redirected = bench.beat();
  const auto unknown = bench.beat();
  const auto silent = bench.beat("", 200ms);
  CHECK(redirected.kind != Delivery::Kind::sent);
  CHECK(unknown.detail == "HTTP 404");
  CHECK(silent.reason == "timeout");
  for (const auto& delivery : {redirected, unknown, silent})
    CHECK(delivery.detail.find("s3cret") == std::string::npos);
  CHECK(server.seen().size() == 3);
}

TEST_CASE("a heartbeat without a URL is a problem, not a heartbeat") {
  HeartbeatBench bench{"{}\n"};
  CHECK_FALSE(bench.made());
  REQUIRE(bench.problems().size() == 1);
  CHECK(to_string(bench.problems().front()).find("url or url_file is needed") != std::string::npos);
}

}  // namespace healthd::test
