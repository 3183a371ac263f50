#include "daemon/lever_views.hpp"

#include <catch2/catch_test_macros.hpp>

namespace healthd {
namespace {

using namespace std::chrono_literals;

const Levers::Time noon = Levers::Time{} + 480000h;

}  // namespace

TEST_CASE("a silence is shown with all its matchers, its end, and who made it why") {
  Levers levers;
  const auto added =
      levers.add_silence({{"alertname", "~Redis.*"}, {"probe", "broker"}}, 1h, "ann", "deploy", noon);
  const auto views = silence_views(levers);
  REQUIRE(views.size() == 1);
  CHECK(views[0].id == added.id);
  CHECK(views[0].what == "alertname=~Redis.*, probe=broker");
  CHECK(views[0].ends_at == noon + 1h);
  CHECK(views[0].author == "ann");
  CHECK(views[0].comment == "deploy");
}

TEST_CASE("maintenance by hand and by the configuration stand side by side, while they are on") {
  MaintenanceConfig window;
  window.name = "nightly";
  window.schedule = Cron::parse("0 2 * * *").value();
  window.duration = 1h;
  window.reason = "backup";
  window.utc = true;
  window.components = {"postgres", "redis"};
  Levers levers{{window}};
  const auto two = std::chrono::floor<std::chrono::days>(noon) + 2h;
  levers.start_maintenance(30min, "new disks", "bob", {}, two);

  const auto views = maintenance_views(levers, two + 10min);
  REQUIRE(views.size() == 2);
  CHECK(views[0].what == "all parts");
  CHECK(views[0].ends_at == two + 30min);
  CHECK(views[0].author == "bob");
  CHECK(views[1].what == "postgres, redis");
  CHECK(views[1].ends_at == two + 1h);
  CHECK(views[1].comment == "backup");
  CHECK(views[1].author == "the configuration");
  CHECK(maintenance_views(levers, two + 2h).size() == 1);
}

}  // namespace healthd
