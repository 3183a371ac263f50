#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <random>
#include <vector>

#include "probes/beat_connection.hpp"

using namespace healthd;
using namespace std::chrono_literals;
using Fate = BeatConnection::Fate;
using std::chrono::milliseconds;

namespace {

constexpr BeatConnection::Time start{1000s};

/// A connection, and when it sent: LPUSH unless another command is told.
struct Client {
  long long id = 0;
  std::vector<milliseconds> sends = {};
  std::string command = "lpush";
  milliseconds until = 24h;  ///< when it is closed
};

std::vector<milliseconds> each(milliseconds period, milliseconds first, milliseconds until) {
  std::vector<milliseconds> times;
  for (auto time = first; time < until; time += period) times.push_back(time);
  return times;
}

std::vector<milliseconds> irregular(unsigned seed, milliseconds mean, milliseconds until) {
  std::minstd_rand random{seed};
  std::vector<milliseconds> times;
  for (auto time = 0ms; time < until;
       time += milliseconds{1 + static_cast<long long>(random()) % (2 * mean.count())})
    times.push_back(time);
  return times;
}

/// A broker with a worker, looked at each `interval`, up to a fifth of a second late.
struct Broker {
  std::vector<Client> clients;
  std::vector<milliseconds> ticks;
  milliseconds interval = 15s;
  BeatConnection connection{60s};
  milliseconds due = 0ms;
  milliseconds now = 0ms;  ///< of the last look
  std::minstd_rand random{5};

  /// As Redis counts it: in whole seconds of its own clock.
  std::vector<RedisPeer> list() const {
    std::vector<RedisPeer> peers{{1, "127.0.0.1", "healthd", "client|list", 0, 0, false},
                                 {2, "127.0.0.1", "", "brpop", 0, 0, true}};
    for (const auto& client : clients) {
      const auto next = std::upper_bound(client.sends.begin(), client.sends.end(), now);
      if (next == client.sends.begin() || client.until <= now) continue;
      const auto idle = std::chrono::floor<std::chrono::seconds>(now).count() -
                        std::chrono::floor<std::chrono::seconds>(*std::prev(next)).count();
      peers.push_back({client.id, "127.0.0.1", "", client.command, idle, 0, false});
    }
    return peers;
  }

  Fate look() {
    const auto before = now;
    due += interval;
    now = due + milliseconds{static_cast<long long>(random()) % 200};
    const auto fresh = [&](auto tick) { return tick > before && tick <= now; };
    connection.observe(list(), std::any_of(ticks.begin(), ticks.end(), fresh), start + now);
    return connection.fate();
  }

  Fate watch(milliseconds until) {
    Fate fate = connection.fate();
    while (due < until) fate = look();
    return fate;
  }
};

/// The worker starts each task a moment after it was sent.
std::vector<milliseconds> started(std::vector<milliseconds> sends, milliseconds after = 5ms) {
  for (auto& time : sends) time += after;
  return sends;
}

}  // namespace

TEST_CASE("Beat's connection is learned in five periods, at any phase") {
  for (auto phase = 0ms; phase < 60s; phase += 500ms) {
    const auto sends = each(60s, phase, 1h);
    Broker broker{{{7, sends}}, started(sends)};
    CHECK(broker.watch(90s) == Fate::unknown);
    INFO("phase " << phase.count());
    CHECK(broker.watch(315s) == Fate::there);
    while (broker.now < 55min) REQUIRE(broker.look() == Fate::there);
  }
}

TEST_CASE("a Beat that is killed is gone, one that is frozen is there") {
  const auto sends = each(60s, 10s, 10min);
  Broker killed{{{7, sends, "lpush", 10min + 20s}}, started(sends)};
  CHECK(killed.watch(10min) == Fate::there);
  CHECK(killed.watch(20min) == Fate::gone);
  Broker frozen{{{7, sends}}, started(sends)};
  CHECK(frozen.watch(20min) == Fate::there);
}

TEST_CASE("a Beat that is killed while its last task waits for a worker is gone") {
  const auto sends = each(60s, 10s, 10min);
  auto ticks = started(sends);
  ticks.back() += 14s;
  Broker broker{{{7, sends, "lpush", sends.back() + 1s}}, ticks};
  CHECK(broker.watch(20min) == Fate::gone);
}

TEST_CASE("a Beat that was never seen to send is neither gone nor there") {
  Broker broker;
  CHECK(broker.watch(20min) == Fate::unknown);
}

TEST_CASE("a Beat that tells of its tasks in events is learned by its PUBLISH") {
  const auto sends = each(60s, 10s, 1h);
  Broker broker{{{7, sends, "publish"}, {8, each(2s, 0s, 1h), "publish"}}, started(sends)};
  CHECK(broker.watch(10min) == Fate::there);
  broker.clients[0].until = 10min;
  CHECK(broker.watch(11min) == Fate::gone);
}

TEST_CASE("a web process that sends in every look, or at another pace, is not taken for Beat") {
  const auto ticks = each(60s, 10s, 2h);
  for (const auto pace : {1s, 5s, 15s, 20s, 30s, 45s, 50s, 70s, 90s, 120s, 300s}) {
    Broker broker{{{8, each(pace, 3s, 2h)}}, ticks};
    INFO("pace " << pace.count());
    while (broker.now < 2h) REQUIRE(broker.look() == Fate::unknown);
  }
}

TEST_CASE("a web process that sends each minute at another time than Beat is not taken for it") {
  for (const auto after : {15s, 30s, 45s}) {
    Broker broker{{{8, each(60s, 10s + after, 2h)}}, each(60s, 10s, 2h)};
    while (broker.now < 2h) REQUIRE(broker.look() == Fate::unknown);
  }
}

TEST_CASE("web processes that send irregularly are not taken for Beat, and do not hide it") {
  const auto sends = each(60s, 10s, 6h);
  for (const auto mean : {10s, 30s, 60s, 100s, 300s}) {
    Broker broker{{}, started(sends)};
    for (unsigned id = 10; id < 20; ++id) broker.clients.push_back({id, irregular(id, mean, 6h)});
    INFO("mean " << mean.count());
    while (broker.now < 1h) REQUIRE(broker.look() == Fate::unknown);
    broker.clients.push_back({30, sends, "lpush", 3h});
    CHECK(broker.watch(2h) == Fate::there);
    broker.ticks = each(60s, 10s, 3h);
    CHECK(broker.watch(3h + 10min) == Fate::gone);
  }
}

TEST_CASE("a web process that was taken for Beat by chance is not, once it sends without ticks") {
  const auto sends = each(60s, 10s, 1h);
  Broker broker{{{8, sends}}, started(each(60s, 10s, 10min))};
  CHECK(broker.watch(10min) == Fate::there);
  CHECK(broker.watch(14min) == Fate::unknown);
  broker.ticks = started(each(60s, 30min + 10s, 1h));
  CHECK(broker.watch(30min) == Fate::unknown);
  CHECK(broker.watch(36min) == Fate::there);
}

TEST_CASE("a look that falls between the send and the tick is excused") {
  // Ever again: the worker starts the task a look later.
  for (const auto often : {2U, 3U, 5U}) {
    const auto sends = each(60s, 10s, 2h);
    auto ticks = started(sends);
    for (std::size_t i = 0; i < ticks.size(); i += often) ticks[i] += 15s;
    Broker broker{{{7, sends}}, ticks};
    CHECK(broker.watch(12min) == Fate::there);
    while (broker.now < 110min) REQUIRE(broker.look() == Fate::there);
  }
}

TEST_CASE("a tick that a busy worker never gave does not unlearn Beat") {
  const auto sends = each(60s, 10s, 2h);
  auto ticks = started(sends);
  ticks.erase(ticks.begin() + 30, ticks.begin() + 32);
  Broker broker{{{7, sends}}, ticks};
  CHECK(broker.watch(10min) == Fate::there);
  while (broker.now < 110min) REQUIRE(broker.look() == Fate::there);
}

TEST_CASE("Beat is learned within an hour after hours in which workers were too busy to tick in time") {
  const auto sends = each(60s, 10s, 12h);
  auto ticks = started(sends);
  for (auto& tick : ticks)
    if (tick < 10h) tick += 30s;
  Broker broker{{{7, sends}}, ticks};
  CHECK(broker.watch(10h) == Fate::unknown);
  CHECK(broker.watch(11h) == Fate::there);
}

TEST_CASE("a Beat that is restarted is learned anew in place of the old one") {
  const auto before = each(60s, 10s, 10min);
  const auto after = each(60s, 11min + 40s, 30min);
  Broker broker{{{7, before, "lpush", 11min}, {90, after}}, started(before)};
  for (const auto tick : started(after)) broker.ticks.push_back(tick);
  CHECK(broker.watch(11min + 30s) == Fate::gone);
  // Ticks go on, from a connection that is not known yet.
  CHECK(broker.watch(12min) == Fate::unknown);
  CHECK(broker.watch(17min) == Fate::there);
  CHECK(broker.watch(40min) == Fate::there);
  broker.clients[1].until = 40min;
  CHECK(broker.watch(41min) == Fate::gone);
}

TEST_CASE("of two Beats the one that is left still stands") {
  const auto a = each(60s, 10s, 10min);
  const auto b = each(60s, 12s, 20min);
  Broker broker{{{7, a, "lpush", 10min}, {8, b}}, started(b)};
  CHECK(broker.watch(30min) == Fate::there);
  broker.clients[1].until = 30min;
  CHECK(broker.watch(31min) == Fate::gone);
}

TEST_CASE("where every look has a tick nobody is taken for Beat") {
  const auto sends = each(60s, 10s, 2h);
  Broker broker{{{7, sends}, {8, each(5s, 0s, 2h)}}, started(sends), 60s};
  CHECK(broker.watch(2h) == Fate::unknown);
}

TEST_CASE("an id that comes back from another host is another connection") {
  const auto sends = each(60s, 10s, 10min);
  Broker broker{{{7, sends}}, started(sends)};
  CHECK(broker.watch(10min) == Fate::there);
  auto peers = broker.list();
  peers.back().host = "10.0.0.9";
  broker.connection.observe(peers, false, start + broker.now);
  CHECK(broker.connection.fate() == Fate::gone);
}

TEST_CASE("a hundred connections that send do not keep a new Beat from being learned") {
  const auto sends = each(60s, 20min + 10s, 2h);
  Broker broker{{}, started(each(60s, 10s, 2h))};
  for (unsigned id = 10; id < 110; ++id) broker.clients.push_back({id, irregular(id, 60s, 2h)});
  broker.watch(20min);
  broker.clients.push_back({500, sends, "lpush", 1h});
  CHECK(broker.watch(55min) == Fate::there);
}

TEST_CASE("a list that is empty says nothing") {
  const auto sends = each(60s, 10s, 10min);
  Broker broker{{{7, sends}}, started(sends)};
  CHECK(broker.watch(10min) == Fate::there);
  broker.connection.observe({}, false, start + broker.now);
  CHECK(broker.connection.fate() == Fate::there);
}
