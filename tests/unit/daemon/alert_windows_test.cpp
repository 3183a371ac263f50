// Signals about how long runs took, how often a probe changed its mind, and how many series there are.
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/daemon/signal_reader.hpp"

namespace healthd {

using namespace test;

namespace {

Outcome took(std::chrono::seconds at, std::chrono::milliseconds length) {
  auto made = outcome("cache", at, {judge("ping", {})});
  made.took = length;
  return made;
}

AlertRule slow_runs() {
  auto made = windowed_rule(Signal::Kind::quantile, 10min);
  made.signal.metric = "healthd_probe_duration_seconds";
  made.signal.quantile = 0.9;
  made.above = 2;
  return made;
}

Outcome lag(std::chrono::seconds at, Histogram histogram) {
  auto made = outcome("cache", at, {judge("ping", {})});
  made.result.histograms.push_back({"lag", std::move(histogram)});
  return made;
}

}  // namespace

TEST_CASE("a probe is slow when a tenth of its runs are, not when one is") {
  Reader reader{slow_runs()};
  for (auto at = 0s; at < 300s; at += 15s) reader.see(took(at, 100ms));
  const auto one = reader.see(took(300s, 9s));
  REQUIRE(one.size() == 1);
  CHECK_FALSE(one.front().bad);
  reader.see(took(315s, 9s));
  CHECK(reader.see(took(330s, 9s)).front().bad);
}

TEST_CASE("a few runs are no distribution") {
  Reader reader{slow_runs()};
  for (auto at = 0s; at < 135s; at += 15s) CHECK(reader.see(took(at, 9s)).empty());
  CHECK(reader.see(took(135s, 9s)).size() == 1);
}

TEST_CASE("runs that were slow before the window are forgotten") {
  Reader reader{slow_runs()};
  for (auto at = 0s; at < 300s; at += 15s) reader.see(took(at, 9s));
  for (auto at = 300s; at < 840s; at += 15s) reader.see(took(at, 100ms));
  CHECK_FALSE(reader.see(took(900s, 100ms)).front().bad);
}

TEST_CASE("a quantile of a histogram is of what it gained within the window") {
  auto late = slow_runs();
  late.signal.metric = "lag";
  late.signal.quantile = 0.5;
  late.above = 1;
  Reader reader{late};
  Histogram histogram{{0.1, 1, 2}};
  for (int i = 0; i < 1000; ++i) histogram.observe(0.05);
  CHECK(reader.see(lag(0s, histogram)).empty());
  for (int i = 0; i < 10; ++i) histogram.observe(1.5);
  const auto told = reader.see(lag(15s, histogram));
  REQUIRE(told.size() == 1);
  // As Prometheus has it: halfway into the bucket that all ten fell into.
  CHECK(told.front().value == Catch::Approx(1.5));
  CHECK(told.front().bad);
  // Nothing was gained lately, so there is nothing to tell.
  CHECK(reader.see(lag(700s, histogram)).empty());
}

TEST_CASE("a probe flaps by changes between success and failure; not to know changes nothing") {
  auto flapping = windowed_rule(Signal::Kind::flips, 30min);
  flapping.above = 2;
  Reader reader{flapping};
  CHECK(reader.see(ping(0s)).front().value == 0);
  CHECK(reader.see(ping(15s, Reason::timeout)).front().value == 1);
  CHECK(reader.see(ping(30s, Reason::timeout)).front().value == 1);
  CHECK(reader.see(ping(45s, Reason::auth)).empty());
  CHECK(reader.see(ping(60s, Reason::timeout)).front().value == 1);
  CHECK(reader.see(ping(75s)).front().value == 2);
  CHECK(reader.see(ping(90s, Reason::timeout)).front().bad);
  CHECK(reader.see(ping(1900s, Reason::timeout)).front().value == 0);
}

TEST_CASE("series are counted, and none at all is no finding") {
  auto heads = windowed_rule(Signal::Kind::count, {});
  heads.above = 1;
  Reader reader{heads};
  CHECK(reader.see(0s, {}).empty());
  CHECK_FALSE(reader.see(15s, {{"counted", 1, {{"version_num", "a"}}}}).front().bad);
  const auto two =
      reader.see(30s, {{"counted", 1, {{"version_num", "a"}}}, {"counted", 1, {{"version_num", "b"}}}});
  CHECK(two.front().value == 2);
  CHECK(two.front().bad);
}

TEST_CASE("the watchdog barks whatever the result") {
  Reader reader{rule("HealthdWatchdog", "redis", Signal::Kind::always)};
  CHECK(reader.see(ping(0s)).front().bad);
  CHECK(reader.see(ping(15s, Reason::timeout)).front().bad);
}

TEST_CASE("a value counts only beside another one, of the same thing") {
  auto slot = windowed_rule(Signal::Kind::value, {});
  slot.label = "slot";
  slot.signal.only_with = {"active", 0};
  Reader reader{slot};
  const auto told = reader.see(0s, {{"counted", 9, {{"slot", "idle"}}},
                                    {"counted", 9, {{"slot", "used"}}},
                                    {"counted", 9, {{"slot", "unknown"}}},
                                    {"active", 0, {{"slot", "idle"}}},
                                    {"active", 1, {{"slot", "used"}}}});
  REQUIRE(told.size() == 2);
  CHECK((told[0].label_value == "idle" && told[0].bad));
  CHECK((told[1].label_value == "used" && !told[1].bad));
}

}  // namespace healthd
