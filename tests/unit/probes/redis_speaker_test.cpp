#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "tests/support/probe_bench.hpp"

using namespace healthd;

namespace {

/// Who speaks for the server of the first probe, by whatever order the redis probes of a file are built in.
std::vector<std::string> speakers(const std::string& probes) {
  Problems problems;
  TlsContexts contexts;
  std::vector<std::string> found;
  std::vector<std::size_t> order;
  do {
    auto file = Options::from_text("probes:\n" + probes, "healthd.yaml", problems);
    auto maps = file.maps("probes");
    if (order.empty())
      for (std::size_t at = 0; at < maps.size(); ++at) order.push_back(at);
    Workshop workshop{contexts, "test"};
    for (const auto at : order) {
      ProbeConfig config;
      config.name = maps[at].require_text("name");
      config.options = maps[at];
      find_kind("redis")->make(config, workshop);
    }
    const auto& speaker = workshop.redis.at(maps.front().require_text("name")).speaker->name;
    if (std::ranges::find(found, speaker) == found.end()) found.push_back(speaker);
  } while (std::ranges::next_permutation(order).found);
  CHECK_FALSE(problems.has_errors());
  return found;
}

std::string probe(const std::string& name, const std::string& role, const std::string& host = "127.0.0.1") {
  return "- {name: " + name + ", url: 'redis://" + host + ":6379/1', role: " + role + "}\n";
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("of the probes of one Redis the broker's speaks for the server, wherever it is named") {
  const auto others = probe("cache", "cache") + probe("results", "results");
  CHECK(speakers(others + probe("broker", "[cache, broker]")) == Names{"broker"});
  CHECK(speakers(probe("broker", "broker") + others) == Names{"broker"});
}

TEST_CASE("without a broker the probe of the results speaks, also when it is named after a cache") {
  CHECK(speakers(probe("cache", "cache") + probe("results", "results") + probe("more", "cache")) ==
        Names{"results"});
}

TEST_CASE("of probes of one role the first in the configuration speaks, in whatever order they are built") {
  CHECK(speakers(probe("second_db", "cache") + probe("a_cache", "cache") + probe("b_cache", "cache")) ==
        Names{"second_db"});
  CHECK(speakers(probe("cache", "cache") + probe("z_broker", "broker") + probe("a_broker", "broker")) ==
        Names{"z_broker"});
}

TEST_CASE("probes of two servers do not speak for each other") {
  CHECK(speakers(probe("cache", "cache") + probe("broker", "broker", "127.0.0.2")) == Names{"cache"});
}
