#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <random>
#include <set>
#include <vector>

#include "probes/beat_rate.hpp"

using namespace healthd;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

constexpr BeatRate::Time start{1000s};
BeatRate::Time at(BeatRate::Span since) { return start + since; }

/// When one Beat's task starts: each `every`, up to `late` after its time.
std::vector<milliseconds> beat(milliseconds phase, milliseconds until, milliseconds late = 0ms,
                               milliseconds every = 60s) {
  std::minstd_rand random{7};
  std::vector<milliseconds> runs;
  for (auto run = phase; run < until; run += every)
    runs.push_back(run + milliseconds{static_cast<long long>(random()) % (late.count() + 1)});
  return runs;
}

/// What was said after each look: 0 for nothing.
using Said = std::vector<long long>;

/// Looks each `interval`, up to `late` after their time.
Said watch(BeatRate& rate, std::vector<milliseconds> runs, milliseconds until, milliseconds interval = 15s,
           milliseconds late = 0ms) {
  std::minstd_rand random{11};
  std::sort(runs.begin(), runs.end());
  Said said;
  auto next = runs.begin();
  for (auto due = 0ms; due <= until; due += interval) {
    const auto look = due + milliseconds{static_cast<long long>(random()) % (late.count() + 1)};
    const auto first = next;
    next = std::upper_bound(first, runs.end(), look);
    rate.observe(at(look), next - first, true);
    said.push_back(rate.schedulers().value_or(0));
  }
  return said;
}

std::vector<milliseconds> both(std::vector<milliseconds> a, const std::vector<milliseconds>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::set<long long> distinct(const Said& said) { return {said.begin(), said.end()}; }

}  // namespace

TEST_CASE("one Beat is one, and nothing is said for the first four periods") {
  for (auto phase = 0ms; phase < 60s; phase += 1s) {
    BeatRate rate{60s};
    const auto said = watch(rate, beat(phase, 1h), 1h);
    for (std::size_t look = 0; look < said.size(); ++look) CHECK(said[look] == (look < 16 ? 0 : 1));
  }
}

TEST_CASE("however late one Beat's task runs, and however unevenly we look, it is never two") {
  for (const auto late : {1s, 10s, 40s, 60s})
    for (auto phase = 0ms; phase < 60s; phase += 7s) {
      BeatRate rate{60s};
      CHECK_FALSE(distinct(watch(rate, beat(phase, 3h, late), 3h, 15s, 3s)).contains(2));
    }
}

TEST_CASE("two Beats are two within five periods at any phase, and stay two") {
  for (auto phase = 0ms; phase < 60s; phase += 1s)
    for (const auto late : {0ms, 500ms}) {
      BeatRate rate{60s};
      const auto runs = both(beat(3s, 1h, late), beat(3s + phase, 1h, late));
      const auto said = watch(rate, runs, 1h, 15s, 200ms);
      INFO("phase " << phase.count() << " late " << late.count());
      CHECK(distinct({said.begin() + 20, said.end()}) == std::set<long long>{2});
    }
}

TEST_CASE("two Beats that tick just as we look stay two, so that an alert on them can fire") {
  BeatRate rate{60s};
  const auto runs = both(beat(14'900ms, 2h, 300ms), beat(14'950ms, 2h, 250ms));
  const auto said = watch(rate, runs, 2h, 15s, 200ms);
  CHECK(distinct({said.begin() + 24, said.end()}) == std::set<long long>{2});
}

TEST_CASE("a second Beat is seen when it comes, and forgotten when it goes") {
  BeatRate rate{60s};
  auto second = beat(20s, 2h);
  std::erase_if(second, [](auto run) { return run < 30min || run > 1h; });
  const auto said = watch(rate, both(beat(5s, 2h), second), 2h);
  const auto minute = [&](int n) { return said[static_cast<std::size_t>(4 * n)]; };
  CHECK(minute(29) == 1);
  CHECK(minute(35) == 2);
  CHECK(minute(60) == 2);
  CHECK(minute(65) == 1);
  CHECK(minute(119) == 1);
}

TEST_CASE("a backlog of ten that drains is no second Beat, at whatever pace it drains") {
  for (const auto pace : {0ms, 500ms, 1500ms, 3000ms})
    for (auto phase = 0ms; phase < 60s; phase += 1s) {
      BeatRate rate{60s};
      auto runs = beat(phase, 1h);
      for (int i = 0; i < 10; ++i) runs.push_back(10min + 7s + i * pace);
      CHECK(distinct(watch(rate, runs, 1h)) == std::set<long long>{0, 1});
    }
}

TEST_CASE("what drains while the queue is not empty is left out, together with the rest of it") {
  BeatRate rate{60s};
  for (auto now = 0s; now <= 300s; now += 60s) rate.observe(at(now), 1, true);
  CHECK(rate.schedulers() == 1);
  rate.observe(at(360s), 2, false);
  CHECK_FALSE(rate.schedulers());
  rate.observe(at(420s), 2, false);
  rate.observe(at(480s), 4, true);
  for (auto now = 540s; now <= 660s; now += 60s) {
    rate.observe(at(now), 1, true);
    CHECK_FALSE(rate.schedulers());
  }
  rate.observe(at(720s), 1, true);
  CHECK(rate.schedulers() == 1);
}

TEST_CASE("where nothing runs no Beat is counted") {
  BeatRate rate{60s};
  CHECK(distinct(watch(rate, {}, 1h)) == std::set<long long>{0});
}

TEST_CASE("three Beats are three") {
  BeatRate rate{60s};
  const auto said = watch(rate, both(both(beat(5s, 1h), beat(20s, 1h)), beat(22s, 1h)), 1h);
  CHECK(distinct({said.begin() + 20, said.end()}) == std::set<long long>{3});
}

TEST_CASE("looks as rare as the task, or rarer, tell one Beat from two") {
  for (const auto interval : {60s, 90s, 300s}) {
    BeatRate one{60s};
    const auto alone = watch(one, beat(5s, 6h, 1s), 6h, interval, 200ms);
    CHECK(distinct({alone.begin() + 8, alone.end()}) == std::set<long long>{1});
    BeatRate two{60s};
    const auto twice = watch(two, both(beat(5s, 6h, 1s), beat(35s, 6h, 1s)), 6h, interval, 200ms);
    CHECK(distinct({twice.begin() + 8, twice.end()}) == std::set<long long>{2});
  }
}

TEST_CASE("frequent looks at a rare task tell one Beat from two") {
  BeatRate one{1h};
  CHECK(watch(one, beat(5min, 12h, 1s, 1h), 12h, 5s).back() == 1);
  BeatRate two{1h};
  CHECK(watch(two, both(beat(5min, 12h, 1s, 1h), beat(6min, 12h, 1s, 1h)), 12h, 5s).back() == 2);
}

TEST_CASE("after a long time without a look the count begins anew") {
  BeatRate rate{60s};
  watch(rate, beat(5s, 10min), 10min);
  REQUIRE(rate.schedulers() == 1);
  rate.observe(at(30min), 20, true);
  CHECK_FALSE(rate.schedulers());
}

TEST_CASE("two living Beats that tell of their tasks are two, at any phase") {
  for (auto phase = 0ms; phase < 60s; phase += 1s) {
    const auto a = beat(0s, 1h, 300ms);
    const auto b = beat(phase, 1h, 200ms);
    BeatSenders senders;
    for (auto now = 0ms; now < 50min; now += 100ms) {
      for (const auto run : a)
        if (run >= now && run < now + 100ms) senders.sent(at(now), "gen1@a");
      for (const auto run : b)
        if (run >= now && run < now + 100ms) senders.sent(at(now), "gen1@b");
      if (now >= 121s) REQUIRE(senders.schedulers(at(now), 10min) == 2);
    }
  }
}

TEST_CASE("a Beat that was restarted is one as soon as the new process has sent twice") {
  for (const auto pause : {1s, 5s, 59s, 240s}) {
    BeatSenders senders;
    for (auto now = 0s; now <= 600s; now += 60s) senders.sent(at(now), "gen1@a");
    CHECK(senders.schedulers(at(600s), 10min) == 1);
    senders.sent(at(600s + pause), "gen2@a");
    CHECK(senders.schedulers(at(600s + pause), 10min) == 1);
    for (auto now = 660s + pause; now <= 1500s; now += 60s) {
      senders.sent(at(now), "gen2@a");
      // For half a period it could still be one that is about to send.
      if (now - 600s > 90s) CHECK(senders.schedulers(at(now), 10min) == 1);
    }
  }
}

TEST_CASE("one of two Beats that dies is no longer counted half a period after it did not send") {
  BeatSenders senders;
  for (auto now = 0s; now <= 300s; now += 60s) {
    senders.sent(at(now), "gen1@a");
    senders.sent(at(now + 20s), "gen1@b");
  }
  senders.sent(at(380s), "gen1@b");
  CHECK(senders.schedulers(at(385s), 10min) == 2);
  CHECK(senders.schedulers(at(395s), 10min) == 1);
}

TEST_CASE("a sender that sent once, or not lately, is not counted") {
  BeatSenders senders;
  CHECK_FALSE(senders.last());
  CHECK_FALSE(senders.schedulers(at(0s), 10min));
  senders.sent(at(0s), "gen1@a");
  CHECK_FALSE(senders.schedulers(at(0s), 10min));
  senders.sent(at(60s), "gen1@a");
  CHECK(senders.schedulers(at(60s), 10min) == 1);
  CHECK(senders.schedulers(at(600s), 10min) == 1);
  CHECK_FALSE(senders.schedulers(at(661s), 10min));
  CHECK(senders.last() == at(60s));
}

TEST_CASE("Beats whose schedule has the task twice are counted by process") {
  BeatSenders senders;
  for (auto now = 0s; now <= 600s; now += 60s)
    for (const auto* sender : {"gen1@a", "gen1@b"})
      for (const auto entry : {0ms, 5ms}) senders.sent(at(now + entry), sender);
  CHECK(senders.schedulers(at(630s), 10min) == 2);
  CHECK(senders.schedulers(at(655s), 10min) == 2);
  BeatSenders once;
  for (const auto entry : {0ms, 5ms}) once.sent(at(entry), "gen1@a");
  CHECK_FALSE(once.schedulers(at(1s), 10min));
}

TEST_CASE("however many senders come, the newest 32 are remembered") {
  BeatSenders senders;
  for (int i = 0; i < 100; ++i)
    for (const auto run : {0s, 60s}) senders.sent(at(run + i * 100ms), "gen" + std::to_string(i) + "@a");
  CHECK(senders.schedulers(at(70s), 10min) <= 32);
  senders.sent(at(71s), "gen1@b");
  senders.sent(at(131s), "gen1@b");
  CHECK(senders.schedulers(at(140s), 10min) >= 1);
}
