#include "daemon/damper.hpp"

#include <catch2/catch_test_macros.hpp>
#include <random>

namespace healthd {
namespace {

using namespace std::chrono_literals;
using Change = Damper::Change;
using State = Damper::State;

Damper::Time at(std::chrono::seconds offset) { return Damper::Time{} + 1h + offset; }

/// Feeds one finding every 15 s, `x` bad and `.` good; returns the changes as `F` fired, `R` resolved, `-`
/// none.
std::string feed(Damper& damper, std::string_view findings, std::chrono::seconds start = 0s) {
  std::string changes;
  auto now = at(start);
  for (const char finding : findings) {
    const auto change = damper.observe(finding == 'x', now);
    changes += change == Change::fired ? 'F' : change == Change::resolved ? 'R' : '-';
    now += 15s;
  }
  return changes;
}

Window quick() {
  Window window;
  window.keep = 30s;
  return window;
}

}  // namespace

TEST_CASE("three failures in a row fire, two do not") {
  Damper damper{quick()};
  CHECK(feed(damper, "xx.xx.") == "------");
  CHECK(damper.state() != State::firing);
  CHECK(feed(damper, "xxx", 90s) == "F--");  // the fifth of the last ten, before the third in a row
}

TEST_CASE("a service that is down half of the time fires by five of ten") {
  Damper damper{quick()};
  CHECK(feed(damper, "x.x.x.x.x") == "--------F");
}

TEST_CASE("a lone failure now and then never fires") {
  Damper damper{quick()};
  for (int i = 0; i < 100; ++i) CHECK(feed(damper, "x....", std::chrono::seconds{i * 75}) == "-----");
}

TEST_CASE("an alert clears after four successes that lasted for keep, not before") {
  Damper damper{quick()};
  CHECK(feed(damper, "xxx...") == "--F---");
  CHECK(damper.state() == State::firing);
  CHECK(feed(damper, ".", 90s) == "R");
}

TEST_CASE("a failure between successes starts the count anew") {
  Damper damper{quick()};
  CHECK(feed(damper, "xxx...x...") == "--F-------");
  CHECK(feed(damper, ".", 150s) == "R");
}

TEST_CASE("keep doubles when a fault comes back within the hour, and falls back after it") {
  Damper damper{quick()};
  feed(damper, "xxx....");
  CHECK(damper.keep() == 30s);
  feed(damper, "xxx", 200s);
  CHECK(damper.keep() == 60s);
  feed(damper, ".........", 260s);
  CHECK(damper.state() == State::clear);
  feed(damper, "xxx", 8000s);
  CHECK(damper.keep() == 30s);
}

TEST_CASE("a hold fires only when every finding was bad for as long") {
  Damper damper{quick(), 60s, 90s};
  CHECK(feed(damper, "xxxx") == "----");
  CHECK(damper.state() == State::pending);
  CHECK(feed(damper, ".", 60s) == "-");
  CHECK(damper.state() == State::clear);
  CHECK(feed(damper, "xxxxx", 75s) == "----F");
}

TEST_CASE("a hold runs out between two findings too") {
  Damper damper{quick(), 60s, 90s};
  feed(damper, "x");
  CHECK(damper.due() == at(60s));
  CHECK(damper.tick(at(59s)) == Change::none);
  CHECK(damper.tick(at(60s)) == Change::fired);
  CHECK(damper.tick(at(61s)) == Change::none);
}

TEST_CASE("a hold does not run out on silence: what was not seen is not known to hold") {
  Damper damper{quick(), 600s, 50s};
  feed(damper, "x");
  CHECK(damper.tick(at(50s)) == Change::none);
  CHECK(damper.state() == State::pending);
  CHECK(damper.tick(at(51s)) == Change::none);
  CHECK(damper.state() == State::clear);
  CHECK(damper.tick(at(601s)) == Change::none);
  feed(damper, "x", 700s);
  CHECK(damper.due() == at(1300s));
}

TEST_CASE("without a hold the first bad finding fires") {
  Damper damper{quick(), 0s, 90s};
  CHECK(feed(damper, "x") == "F");
}

TEST_CASE("time that the process slept does not count towards a hold") {
  Damper damper{quick(), 60s, 90s};
  feed(damper, "x");
  damper.skip(300s);
  CHECK(damper.tick(at(301s)) == Change::none);
  CHECK(damper.tick(at(360s)) == Change::fired);
}

TEST_CASE("whatever happens, fired and resolved alternate and a long good time clears") {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random{seed};
    Damper damper{quick()};
    auto now = at(0s);
    bool firing = false;
    for (int i = 0; i < 500; ++i) {
      now += std::chrono::seconds{random() % 30};
      const auto change = damper.observe(random() % 3 == 0, now);
      if (change == Change::none) continue;
      INFO("seed " << seed << ", step " << i);
      REQUIRE((change == Change::fired) != firing);
      firing = change == Change::fired;
    }
    for (auto quiet = 0s; quiet < 31min; quiet += 15s) damper.observe(false, now + quiet);
    REQUIRE(damper.state() == State::clear);
  }
}

}  // namespace healthd
