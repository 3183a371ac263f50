#include "daemon/dependencies.hpp"

#include <catch2/catch_test_macros.hpp>

namespace healthd {
namespace {

using Names = std::set<std::string>;

const std::vector<std::string> nothing{};
const std::vector<std::string> the_cache{"cache"};

Dependencies usual(const std::vector<std::string>* beat_needs = nullptr) {
  return Dependencies{{{"edge", "nginx", "", nullptr},
                       {"app", "gunicorn", "", nullptr},
                       {"site", "superset", "", nullptr},
                       {"metadata", "postgres", "", nullptr},
                       {"cache", "redis", "", nullptr},
                       {"broker", "redis", "", nullptr},
                       {"workers", "celery", "broker", nullptr},
                       {"beat", "beat", "broker", beat_needs}}};
}

}  // namespace

TEST_CASE("each kind needs what the contract says, and workers their own broker only") {
  const auto graph = usual();
  CHECK(graph.ancestors("edge") == Names{"app"});
  CHECK(graph.ancestors("site") == Names{"app", "broker", "cache", "metadata"});
  CHECK(graph.ancestors("workers") == Names{"broker"});
  CHECK(graph.ancestors("beat") == Names{"broker", "workers"});
  CHECK(graph.ancestors("broker").empty());
  CHECK(graph.ancestors("nobody").empty());
}

TEST_CASE("what the site says replaces what the kind needs") {
  CHECK(usual(&nothing).ancestors("beat").empty());
  CHECK(usual(&the_cache).ancestors("beat") == Names{"cache"});
}

TEST_CASE("two are related where one needs the other") {
  const auto graph = usual();
  CHECK(graph.related("beat", "broker"));
  CHECK(graph.related("broker", "beat"));
  CHECK(graph.related("app", "app"));
  CHECK_FALSE(graph.related("edge", "broker"));
}

TEST_CASE("grandparents count, and a circle ends") {
  const std::vector<std::string> needs_b{"b"}, needs_c{"c"}, needs_a{"a"};
  const Dependencies chain{{{"a", "x", "", &needs_b}, {"b", "x", "", &needs_c}, {"c", "x", "", nullptr}}};
  CHECK(chain.ancestors("a") == Names{"b", "c"});
  const Dependencies circle{{{"a", "x", "", &needs_b}, {"b", "x", "", &needs_c}, {"c", "x", "", &needs_a}}};
  CHECK(circle.ancestors("a") == Names{"b", "c"});
}

}  // namespace healthd
