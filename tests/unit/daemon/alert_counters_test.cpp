// Signals about counters: by how much they rose, and what share of another that was. Told as a probe would
// tell it, every 15 seconds.
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/daemon/signal_reader.hpp"

namespace healthd {

using namespace test;

namespace {

AlertRule errors_share() {
  auto made = windowed_rule(Signal::Kind::share, 5min);
  made.signal.of = "counted";
  made.signal.match = {"code_class", "5xx"};
  made.signal.at_least = 0.2;
  made.above = 0.05;
  return made;
}

std::vector<Sample> answers(double good, double bad) {
  return {{"counted", good, {{"code_class", "2xx"}}}, {"counted", bad, {{"code_class", "5xx"}}}};
}

}  // namespace

TEST_CASE("what a counter rose by before we first looked is not told") {
  Reader reader{windowed_rule(Signal::Kind::increase, 10min)};
  CHECK(reader.see(0s, counted(1000)).empty());
  const auto second = reader.see(15s, counted(1002));
  REQUIRE(second.size() == 1);
  CHECK(second.front().value == 2);
  CHECK_FALSE(second.front().bad);
}

TEST_CASE("a rise is bad while it lies within the window, and good once it has left it") {
  Reader reader{windowed_rule(Signal::Kind::increase, 10min)};
  reader.see(0s, counted(0));
  for (auto at = 15s; at <= 600s; at += 15s) {
    CAPTURE(at.count());
    const auto told = reader.see(at, counted(4));
    REQUIRE(told.size() == 1);
    CHECK(told.front().bad);
  }
  CHECK_FALSE(reader.see(630s, counted(4)).front().bad);
}

TEST_CASE("a counter that began anew after a restart has risen by what it shows") {
  Reader reader{windowed_rule(Signal::Kind::increase, 10min)};
  reader.see(0s, counted(1000));
  reader.see(15s, counted(1001));
  CHECK(reader.see(30s, counted(2)).front().value == 3);
}

TEST_CASE("a gap in what is reported neither adds to a rise nor forgets it") {
  Reader reader{windowed_rule(Signal::Kind::increase, 10min)};
  reader.see(0s, counted(10));
  reader.see(15s, counted(12));
  CHECK(reader.see(30s, {}).empty());
  CHECK(reader.see(45s, counted(14)).front().value == 4);
}

TEST_CASE("only the series with the label are counted, all of them together") {
  auto some = windowed_rule(Signal::Kind::increase, 10min);
  some.signal.match = {"level", "critical"};
  Reader reader{some};
  const auto logged = [](double critical, double info) {
    return std::vector<Sample>{{"counted", critical, {{"level", "critical"}, {"worker", "1"}}},
                               {"counted", critical, {{"level", "critical"}, {"worker", "2"}}},
                               {"counted", info, {{"level", "info"}}}};
  };
  reader.see(0s, logged(0, 0));
  CHECK_FALSE(reader.see(15s, logged(1, 500)).front().bad);
  const auto told = reader.see(30s, logged(2, 900));
  CHECK(told.front().value == 4);
  CHECK(told.front().bad);
}

TEST_CASE("each value of the label rises for itself") {
  auto each = windowed_rule(Signal::Kind::increase, 10min);
  each.label = "queue";
  Reader reader{each};
  const auto both = [](double one, double two) {
    return std::vector<Sample>{{"counted", one, {{"queue", "one"}}}, {"counted", two, {{"queue", "two"}}}};
  };
  reader.see(0s, both(0, 0));
  const auto told = reader.see(15s, both(9, 1));
  REQUIRE(told.size() == 2);
  CHECK((told[0].label_value == "one" && told[0].bad));
  CHECK((told[1].label_value == "two" && !told[1].bad));
}

TEST_CASE("what two counters differ by is told as a rate") {
  auto dropped = windowed_rule(Signal::Kind::increase, 5min);
  dropped.signal.minus = "handled";
  dropped.signal.per_second = true;
  dropped.above = 0.05;
  Reader reader{dropped};
  const auto connections = [](double accepted, double handled) {
    return std::vector<Sample>{{"counted", accepted}, {"handled", handled}};
  };
  reader.see(0s, connections(100, 100));
  CHECK_FALSE(reader.see(15s, connections(500, 500)).front().bad);
  const auto told = reader.see(30s, connections(1000, 970));
  CHECK(told.front().value == Catch::Approx(0.1));
  CHECK(told.front().bad);
}

TEST_CASE("failures are no finding while there are successes too") {
  auto archive = windowed_rule(Signal::Kind::increase, 15min);
  archive.signal.match = {"outcome", "failure"};
  archive.signal.unless = {"outcome", "success"};
  archive.above = 0;
  Reader reader{archive};
  const auto tried = [](double good, double bad) {
    return std::vector<Sample>{{"counted", good, {{"outcome", "success"}}},
                               {"counted", bad, {{"outcome", "failure"}}}};
  };
  reader.see(0s, tried(5, 0));
  CHECK_FALSE(reader.see(15s, tried(6, 3)).front().bad);
  for (auto at = 30s; at < 900s; at += 15s) reader.see(at, tried(6, 4));
  CHECK(reader.see(930s, tried(6, 5)).front().bad);
}

TEST_CASE("a share of errors counts only where there is traffic") {
  Reader quiet{errors_share()};
  quiet.see(0s, answers(0, 0));
  // Half of all requests, and yet two in five minutes.
  CHECK_FALSE(quiet.see(15s, answers(1, 1)).front().bad);

  Reader busy{errors_share()};
  busy.see(0s, answers(0, 0));
  CHECK_FALSE(busy.see(15s, answers(97, 3)).front().bad);
  const auto told = busy.see(30s, answers(180, 20));
  CHECK(told.front().value == Catch::Approx(0.1));
  CHECK(told.front().bad);
}

TEST_CASE("where nothing was asked for, no share of it has failed") {
  Reader reader{errors_share()};
  reader.see(0s, answers(500, 500));
  const auto told = reader.see(15s, answers(500, 500));
  REQUIRE(told.size() == 1);
  CHECK(told.front().value == 0);
  CHECK_FALSE(told.front().bad);
}

TEST_CASE("memory of counters stays bounded, however many names come and go") {
  auto each = windowed_rule(Signal::Kind::increase, 1min);
  each.label = "queue";
  Reader reader{each};
  for (int i = 0; i < 1000; ++i)
    reader.see(std::chrono::seconds{15 * i}, {{"counted", 1, {{"queue", "q" + std::to_string(i)}}}});
  CHECK(reader.memory().rises.size() < 20);
}

}  // namespace healthd
