#include <catch2/catch_test_macros.hpp>

#include "tests/unit/config/sample.hpp"

namespace healthd::test {
namespace {

using namespace std::chrono_literals;

std::string with(const std::string& lines) { return "stack: s\n" + lines + "\nprobes: []\n"; }

Config loaded(const std::string& lines) {
  Problems problems;
  auto config = load_config_text(with(lines), "c.yaml", known_names(), problems);
  CHECK(test::lines(problems).find("error") == std::string::npos);
  return config;
}

}  // namespace

TEST_CASE("what proves our connectivity is a list of hosts and ports, of every family") {
  const auto targets =
      loaded(R"(connectivity: ["192.0.2.1:53", "[2001:db8::1]:443", "dns.example:65535"])").connectivity;
  REQUIRE(targets.size() == 3);
  CHECK(targets[0].host == "192.0.2.1");
  CHECK(targets[0].port == 53);
  CHECK(targets[1].host == "2001:db8::1");
  CHECK(targets[1].port == 443);
  CHECK(targets[2].port == 65535);
  CHECK(loaded("").connectivity.empty());
}

TEST_CASE("an address without a port, or with one that there is not, is refused at its place") {
  for (const std::string text : {"192.0.2.1", "192.0.2.1:", ":53", "host:0", "host:65536", "host:999999",
                                 "host:5x", "host:-1", "2001:db8::1:53", "[]:53", "http://host:80/"}) {
    INFO(text);
    CHECK(problems_of(with("connectivity: [\"" + text + "\"]")).find("expected host:port") !=
          std::string::npos);
  }
}

TEST_CASE("a heartbeat is sent each minute unless its interval says otherwise, and not at all unasked") {
  CHECK_FALSE(loaded("").heartbeat.wanted);
  const auto plain = loaded("heartbeat: {url: \"http://127.0.0.1/\"}");
  CHECK(plain.heartbeat.wanted);
  CHECK(plain.heartbeat.interval == 60s);
  CHECK(loaded("heartbeat: {url: \"http://127.0.0.1/\", interval: 5m}").heartbeat.interval == 5min);
  for (const std::string interval : {"500ms", "2h", "soon"})
    CHECK(problems_of(with("heartbeat: {url: \"http://127.0.0.1/\", interval: " + interval + "}"))
              .find("interval") != std::string::npos);
}

}  // namespace healthd::test
