#include "config/load.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/config/sample.hpp"

using namespace healthd;
using namespace std::chrono_literals;

namespace {

/// A file with one probe that has `keys` beside the necessary ones.
Config with_probe(const std::string& keys, const std::string& before = "") {
  Problems problems;
  auto config = test::load_all(
      "stack: s\n" + before + "\nprobes:\n  - {name: a, kind: redis, " + keys + "}\n", "c.yaml", problems);
  CHECK(test::lines(problems) == "");
  REQUIRE(config.probes.size() == 1);
  return config;
}

ProbeConfig probe_with(const std::string& keys, const std::string& before = "") {
  return with_probe(keys, before).probes.front();
}

}  // namespace

TEST_CASE("a probe that says nothing runs every 15 s for at most 5 s and again 5 s after a failure") {
  const auto probe = probe_with("url: x");
  CHECK(probe.interval == 15s);
  CHECK(probe.timeout == 5s);
  CHECK(probe.retry_interval == 5s);
  CHECK_FALSE(probe.depends_on);
  CHECK(probe.window.consecutive == 3);
  CHECK(probe.window.failures == 5);
  CHECK(probe.window.of == 10);
  CHECK(probe.window.successes == 4);
  CHECK(probe.window.keep == 2min);
  CHECK(probe.window.keep_max == 30min);
}

TEST_CASE("the times of a probe follow its interval where they are not set") {
  CHECK(probe_with("interval: 1h").timeout == 5s);
  CHECK(probe_with("interval: 1h").retry_interval == 20min);
  CHECK(probe_with("interval: 2s").timeout == 2s);
  CHECK(probe_with("interval: 2s").retry_interval == 1s);
  CHECK(probe_with("interval: 100ms").timeout == 100ms);
  CHECK(probe_with("interval: 100ms").retry_interval == 100ms);
}

TEST_CASE("a probe inherits the defaults, cut to its own interval") {
  const std::string defaults =
      "defaults: {interval: 30s, timeout: 10s, retry_interval: 3s, thresholds: {of: 20}}";
  const auto plain = probe_with("url: x", defaults);
  CHECK(plain.interval == 30s);
  CHECK(plain.timeout == 10s);
  CHECK(plain.retry_interval == 3s);
  CHECK(plain.window.of == 20);
  const auto quick = probe_with("interval: 2s, thresholds: {consecutive: 7}", defaults);
  CHECK(quick.timeout == 2s);
  CHECK(quick.retry_interval == 2s);
  CHECK(quick.window.of == 20);
  CHECK(quick.window.consecutive == 7);
}

TEST_CASE("raising keep alone raises its inherited limit too") {
  const auto window = probe_with("thresholds: {keep: 2h}").window;
  CHECK(window.keep == 2h);
  CHECK(window.keep_max == 2h);
}

TEST_CASE("an empty depends_on is told from none") {
  CHECK(probe_with("depends_on: []").depends_on == std::vector<std::string>{});
  CHECK_FALSE(probe_with("url: x").depends_on.has_value());
}

TEST_CASE("links lose their trailing slash") {
  const auto config = with_probe("url: x", "web: {external_url: \"https://ops.example.com/healthd//\"}");
  CHECK(config.web.external_url == "https://ops.example.com/healthd");
  CHECK(config.web.listen_address == "127.0.0.1:9848");
}

TEST_CASE("URLs that are no base for a link are refused") {
  for (const auto* url :
       {"ops.example.com", "https://", "https:///path", "https://user@host/", "https://host:0/",
        "https://host:/", "https://host:65536", "https://host?q=1", "https://ho st", "mailto:a@b",
        "https://[::1/", "https://host/<script>", "https://a:b:c/"}) {
    CAPTURE(url);
    const auto text = test::problems_of("stack: s\nweb: {external_url: \"" + std::string{url} +
                                        "\"}\nprobes: [{name: a, kind: redis}]\n");
    CHECK(text.find("c.yaml:2:21: external_url: expected a URL") == 0);
  }
}

TEST_CASE("an override holds what the site changes and nothing else") {
  const auto config = with_probe(
      "url: x",
      "alerts: {overrides: {TlsCertificateExpiringSoon: {threshold: 14d}, PostgresDown: {enabled: false}}}");
  const auto& expiry = config.alerts.overrides.at("TlsCertificateExpiringSoon");
  CHECK(expiry.threshold == 14 * 86'400.0);
  CHECK_FALSE(expiry.hold);
  CHECK_FALSE(expiry.enabled);
  CHECK(expiry.place.line == 2);
  CHECK(config.alerts.overrides.at("PostgresDown").enabled == false);
}

TEST_CASE("routes keep their order and end with the one that takes everything") {
  const auto config =
      with_probe("url: x",
                 "web: {external_url: \"https://h\"}\n"
                 "receivers: [{name: r, webhook: {url: x}}, {name: q, webhook: {url: x}}]\n"
                 "routes: [{severity: critical, components: redis, receivers: [r, q]}, {receivers: q}]");
  REQUIRE(config.routes.size() == 2);
  CHECK(config.routes[0].severity == "critical");
  CHECK(config.routes[0].components == std::vector<std::string>{"redis"});
  CHECK(config.routes[0].receivers == std::vector<std::string>{"r", "q"});
  CHECK(config.routes[1].severity.empty());
  CHECK(config.receivers[0].type == "webhook");
  CHECK(config.receivers[0].options.has("url"));
}

TEST_CASE("a probe's own misspelt key is reported beside the keys that it read") {
  Problems problems;
  auto config = load_config_text(
      "stack: s\nprobes:\n  - name: a\n    kind: redis\n    ulr: redis://h\n    rol: cache\n", "c.yaml",
      test::known_names(), problems);
  config.probes.at(0).options.text("url");
  config.probes.at(0).options.text("role");
  config.root.finish();
  CHECK(test::lines(problems) ==
        "c.yaml:5:5: unknown key \"ulr\"; did you mean \"url\"?\n"
        "c.yaml:6:5: unknown key \"rol\"; did you mean \"role\"?\n");
}

TEST_CASE("a file that cannot be read is named and gives an empty configuration") {
  Problems problems;
  auto config = load_config("/nonexistent/config.yaml", test::known_names(), problems);
  config.root.finish();
  CHECK(config.probes.empty());
  CHECK(test::lines(problems) == "/nonexistent/config.yaml: cannot be read: No such file or directory\n");
}

TEST_CASE("a folder in place of the file is named as such") {
  Problems problems;
  load_config("/tmp", test::known_names(), problems);
  CHECK(test::lines(problems) == "/tmp: is a directory\n");
}

TEST_CASE("five thousand probes load") {
  std::string text = "stack: s\nprobes:\n";
  for (int i = 0; i < 5000; ++i) {
    const auto number = std::to_string(i);
    text += "  - {name: p" + number + ", kind: gunicorn, url: \"http://127.0.0.1:8088/" + number + "\"}\n";
  }
  Problems problems;
  CHECK(test::load_all(text, "c.yaml", problems).probes.size() == 5000);
  CHECK(test::lines(problems).empty());
}
