// What must hold for any sequence of results: random and adversarial ones, with the state saved and restored
// at any step, and the numbers of notifications per day of known flapping patterns.
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <random>

#include "tests/unit/daemon/engine_bench.hpp"

namespace healthd {

using namespace test;

namespace {

constexpr auto interval = 15s;

WatchedProbe usual_probe() {
  auto made = probe("cache", "redis");
  made.window = Window{};  // the defaults, whose noise is what counts
  return made;
}

AlertRule held_rule() {
  auto made = rule("RedisMemoryHigh", "redis", Signal::Kind::value);
  made.signal.metric = "healthd_redis_memory_used_bytes";
  made.above = 10;
  made.hold = 60s;
  return made;
}

std::unique_ptr<AlertEngine> usual_engine(Moment now = start) {
  return std::make_unique<AlertEngine>(std::vector{down_rule(), held_rule()}, std::vector{usual_probe()},
                                       AlertLinks{"http://here/runbooks", "", "http://here/"}, now);
}

/// A result every 15 s and a tick every second, as the daemon has it.
class Day {
 public:
  explicit Day(std::unique_ptr<AlertEngine> engine = usual_engine()) : engine_{std::move(engine)} {}

  std::vector<Alert> step(bool bad, double memory = 0) {
    std::vector<Alert> changes;
    const auto add = [&](const std::vector<Alert>& more) {
      changes.insert(changes.end(), more.begin(), more.end());
    };
    auto made = outcome("cache", at_, {judge("ping", {bad ? Reason::timeout : Reason::none, ""})},
                        {{"healthd_redis_memory_used_bytes", memory}});
    add(engine_->on(made));
    for (auto tick = 1s; tick <= interval; tick += 1s) add(engine_->on(after(at_ + tick)));
    at_ += interval;
    return changes;
  }

  /// As if the process ended here and another went on.
  void restart() {
    const auto now = after(at_);
    std::vector<EngineMemory> disk;
    for (auto& memory : engine_->take_changed(now, true))
      if (!memory.gone) all_[memory.key()] = to_text(memory);
    for (const auto& [key, text] : all_) disk.push_back(engine_memory(text).value());
    engine_ = usual_engine(now);
    for (const auto& orphan : engine_->restore(disk, now)) FAIL(orphan.labels.at("alertname"));
  }
  void save() {
    for (auto& memory : engine_->take_changed(after(at_), true)) all_[memory.key()] = to_text(memory);
  }

 private:
  std::unique_ptr<AlertEngine> engine_;
  std::chrono::seconds at_{0};
  std::map<std::string, std::string> all_;
};

std::string in_short(const std::vector<Alert>& changes) {
  std::string text;
  for (const auto& alert : changes)
    text += alert.labels.at("alertname") + " " + std::string{to_string(alert.state)} + " " +
            std::to_string(alert.sequence) + " " +
            std::to_string(alert.starts_at.time_since_epoch().count()) + "\n";
  return text;
}

/// Alternates between long and short runs of good and bad, which is what hurts a window most.
class Adversary {
 public:
  explicit Adversary(unsigned seed) : source_{seed} {}
  bool bad() {
    if (left_-- <= 0) {
      const int lengths[] = {1, 1, 2, 3, 4, 5, 9, 20, 60};
      left_ = lengths[source_() % std::size(lengths)];
      bad_ = !bad_;
    }
    return bad_ != (source_() % 25 == 0);
  }
  unsigned number(unsigned below) { return static_cast<unsigned>(source_() % below); }

 private:
  std::minstd_rand source_;
  bool bad_ = true;
  int left_ = 0;
};

/// Firings and resolves in a day of `bad(second)`, as the mean of some.
double notifications(const std::function<bool(int)>& bad, int days) {
  std::size_t count = 0;
  for (int i = 0; i < days; ++i) {
    Day day;
    for (int second = 0; second < 86400; second += 15) count += day.step(bad(second)).size();
  }
  return static_cast<double>(count) / days;
}

std::function<bool(int)> share(double share) {
  auto source = std::make_shared<std::mt19937>(7);
  return [source, share](int) { return std::uniform_real_distribution<>{0, 1}(*source) < share; };
}
std::function<bool(int)> cycle(int up, int down) {
  return [up, down](int second) { return second % (up + down) >= up; };
}

}  // namespace

TEST_CASE("a restart at any step changes nothing that is told") {
  for (unsigned seed = 1; seed <= 15; ++seed) {
    CAPTURE(seed);
    Adversary truth{seed}, whim{seed + 1000};
    Day without, with;
    for (int step = 0; step < 600; ++step) {
      const bool bad = truth.bad();
      const double memory = truth.bad() ? 11 : 9;
      const auto expected = in_short(without.step(bad, memory));
      REQUIRE(in_short(with.step(bad, memory)) == expected);
      if (whim.number(20) == 0) with.restart();
    }
  }
}

TEST_CASE("alerts fire and are resolved in turn, with rising numbers") {
  for (unsigned seed = 1; seed <= 15; ++seed) {
    Adversary truth{seed};
    Day day;
    std::map<std::string, Alert> last;
    for (int step = 0; step < 600; ++step) {
      for (const auto& alert : day.step(truth.bad(), truth.bad() ? 11 : 9)) {
        auto& before = last[alert.labels.at("alertname")];
        if (alert.state == AlertState::firing) {
          CHECK(before.state != AlertState::firing);
          CHECK(alert.sequence > before.sequence);
        } else {
          CHECK(before.state == AlertState::firing);
          CHECK(alert.sequence == before.sequence);
          CHECK(*alert.ends_at >= alert.starts_at);
        }
        before = alert;
      }
    }
  }
}

TEST_CASE("an outage of three results always fires, and two failures among ten never do") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    std::minstd_rand source{seed};
    Day day;
    for (int step = 0; step < 300; ++step) CHECK(day.step(step % 10 == 0 && source() % 2 == 0).empty());
    int fired = 0;
    for (int step = 0; step < 3; ++step) fired += static_cast<int>(day.step(true).size());
    CHECK(fired == 1);
  }
}

TEST_CASE("whatever happened before, half an hour of good results ends every alert") {
  for (unsigned seed = 1; seed <= 15; ++seed) {
    Adversary truth{seed};
    Day day;
    bool firing = false;
    for (int step = 0; step < 400; ++step)
      for (const auto& alert : day.step(truth.bad())) firing = alert.state == AlertState::firing;
    for (int step = 0; step < 124; ++step)
      for (const auto& alert : day.step(false)) firing = alert.state == AlertState::firing;
    CHECK_FALSE(firing);
  }
}

TEST_CASE("flapping is told no more often than it must be") {
  struct Pattern {
    const char* name;
    std::function<bool(int)> bad;
    double least, most;  ///< notifications a day
    int days;
  };
  // `most`: what the best of the known rules tells in a day. A service that is down half of the time is told.
  const Pattern patterns[] = {
      {"1 % of results fail", share(0.01), 0, 0, 10},
      {"5 %", share(0.05), 0, 1.5, 10},
      {"20 %", share(0.2), 1, 7, 10},
      {"50 %", share(0.5), 1, 3, 10},
      {"a minute up, a minute down", cycle(60, 60), 1, 1, 1},
      {"30 s up, 30 s down", cycle(30, 30), 1, 1, 1},
      {"5 min up, 1 min down", cycle(300, 60), 1, 5, 1},
      {"15 min up, 1 min down", cycle(900, 60), 1, 7, 1},
  };
  for (const auto& pattern : patterns) {
    CAPTURE(pattern.name);
    const double told = notifications(pattern.bad, pattern.days);
    CHECK(told >= pattern.least);
    CHECK(told <= pattern.most);
  }
}

}  // namespace healthd
