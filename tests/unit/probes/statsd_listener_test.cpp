#include "probes/statsd_listener.hpp"

#include <catch2/catch_test_macros.hpp>

#include "probes/net/redis.hpp"
#include "probes/workshop.hpp"

namespace healthd {
namespace {

/// What is wrong with the keys of a gunicorn probe; "" where the listener was made.
std::string complaint(const std::string& keys) {
  Problems problems;
  auto options = Options::from_text(keys, "probe.yaml", problems);
  TlsContexts contexts;
  Workshop workshop{contexts, "test"};
  const auto listener = read_statsd_listener(options, workshop);
  options.finish();
  std::string text;
  for (const auto& problem : problems.sorted()) text += to_string(problem) + "\n";
  if (listener == nullptr) CHECK(problems.has_errors());
  return text;
}

}  // namespace

TEST_CASE("nobody listens for statsd unless it is configured") {
  Problems problems;
  auto options = Options::from_text("url: http://127.0.0.1/", "probe.yaml", problems);
  TlsContexts contexts;
  Workshop workshop{contexts, "test"};
  CHECK(read_statsd_listener(options, workshop) == nullptr);
  CHECK(problems.size() == 0);
}

TEST_CASE("a statsd listener takes an address of this machine and a prefix") {
  CHECK(complaint("statsd: {}").empty());
  CHECK(complaint("statsd: {listen_address: \"127.0.0.1:9125\", prefix: bi.prod}").empty());
  CHECK(complaint("statsd: {listen_address: \"[::1]:9125\"}").empty());
}

TEST_CASE("an address that is no literal, or has no port, and an odd prefix are errors") {
  for (const std::string address : {"localhost:9125", "127.0.0.1", ":9125", "127.0.0.1:0", "127.0.0.1:65536",
                                    "127.0.0.1:", "::1:9125", "[127.0.0.1]:9125", "127.0.0.1:9125x"}) {
    CAPTURE(address);
    CHECK(complaint("statsd: {listen_address: \"" + address + "\"}").find("expected an address") !=
          std::string::npos);
  }
  CHECK(complaint("statsd: {prefix: \"a b\"}").find("prefix: expected") != std::string::npos);
  CHECK(complaint("statsd: {listen_adress: \"127.0.0.1:1\"}").find("did you mean \"listen_address\"") !=
        std::string::npos);
  CHECK(complaint("statsd: yes").find("expected a map") != std::string::npos);
}

TEST_CASE("two probes cannot listen on one address") {
  Problems problems;
  TlsContexts contexts;
  Workshop workshop{contexts, "test"};
  auto one = Options::from_text("statsd: {}", "one.yaml", problems);
  auto two = Options::from_text("statsd: {}", "two.yaml", problems);
  read_statsd_listener(one, workshop);
  CHECK(problems.size() == 0);
  read_statsd_listener(two, workshop);
  REQUIRE(problems.size() == 1);
  CHECK(to_string(problems.sorted().front()).find("127.0.0.1:9125 already") != std::string::npos);
}

TEST_CASE("an address that others can reach is a warning") {
  const auto text = complaint("statsd: {listen_address: \"0.0.0.0:9125\"}");
  CHECK(text.find("warning: ") != std::string::npos);
  CHECK(text.find("can make up Gunicorn's figures") != std::string::npos);
}

TEST_CASE("a run without the daemon says nothing of statsd, because nobody listens then") {
  StatsdListener listener{{asio::ip::address_v4::loopback(), 9125}, ""};
  ProbeResult result;
  listener.report(result);
  CHECK(result.checks.empty());
  CHECK(result.samples.empty());
  CHECK(result.histograms.empty());
}

}  // namespace healthd
