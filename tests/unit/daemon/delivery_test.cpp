#include "daemon/delivery.hpp"

#include <catch2/catch_test_macros.hpp>

namespace healthd {
namespace {

using namespace std::chrono_literals;
using Kind = Delivery::Kind;

DeliveryRows::Time at(std::chrono::milliseconds offset) { return DeliveryRows::Time{} + 1h + offset; }

Alert alert(AlertState state, std::uint64_t sequence = 1, std::string name = "RedisDown") {
  Alert made;
  made.labels = {{"alertname", std::move(name)}};
  made.state = state;
  made.sequence = sequence;
  return made;
}

Delivery answer(Kind kind) { return {kind, kind == Kind::sent ? "" : "http_5xx", "", std::nullopt, false}; }

/// Sends what is due and answers it.
std::vector<Alert> exchange(DeliveryRows& rows, Kind kind, DeliveryRows::Time now) {
  auto sent = rows.due(now, 64);
  rows.answered(sent, answer(kind), now, 0.5);
  return sent;
}

}  // namespace

TEST_CASE("a firing alert is sent once, then its resolve once") {
  DeliveryRows rows{std::nullopt};
  rows.desire(alert(AlertState::firing), at(0ms));
  CHECK(exchange(rows, Kind::sent, at(0ms)).size() == 1);
  CHECK(exchange(rows, Kind::sent, at(10min)).empty());
  rows.desire(alert(AlertState::resolved), at(11min));
  const auto resolved = exchange(rows, Kind::sent, at(11min));
  REQUIRE(resolved.size() == 1);
  CHECK(resolved.front().state == AlertState::resolved);
  CHECK_FALSE(rows.next_due().has_value());
}

TEST_CASE("a receiver that was away hears the newest state only") {
  DeliveryRows rows{std::nullopt};
  rows.desire(alert(AlertState::firing), at(0ms));
  exchange(rows, Kind::sent, at(0ms));
  rows.desire(alert(AlertState::resolved), at(1s));
  exchange(rows, Kind::retry, at(1s));
  rows.desire(alert(AlertState::firing, 2), at(2s));
  const auto sent = exchange(rows, Kind::sent, at(2s));
  REQUIRE(sent.size() == 1);
  CHECK(sent.front().sequence == 2);
}

TEST_CASE("what came and went while the receiver was away is not told") {
  DeliveryRows rows{std::nullopt};
  rows.desire(alert(AlertState::firing), at(0ms));
  exchange(rows, Kind::retry, at(0ms));
  rows.desire(alert(AlertState::resolved), at(1s));
  CHECK_FALSE(rows.next_due().has_value());
}

TEST_CASE("what may have arrived although no answer came gets its resolve") {
  DeliveryRows rows{std::nullopt};
  rows.desire(alert(AlertState::firing), at(0ms));
  auto lost = answer(Kind::retry);
  lost.may_have_arrived = true;
  rows.answered(rows.due(at(0ms), 64), lost, at(0ms), 0.5);
  rows.desire(alert(AlertState::resolved), at(1s));
  CHECK(exchange(rows, Kind::sent, at(1s)).size() == 1);
}

TEST_CASE("a resolve that comes while the firing is on its way is sent after it") {
  DeliveryRows rows{std::nullopt};
  rows.desire(alert(AlertState::firing), at(0ms));
  const auto on_its_way = rows.due(at(0ms), 64);
  rows.desire(alert(AlertState::resolved), at(1ms));
  rows.answered(on_its_way, answer(Kind::sent), at(2ms), 0.5);
  const auto next = exchange(rows, Kind::sent, at(3ms));
  REQUIRE(next.size() == 1);
  CHECK(next.front().state == AlertState::resolved);
}

TEST_CASE("where alerts are told again, a refusal of one of them parks none") {
  DeliveryRows rows{30s};
  rows.desire(alert(AlertState::firing, 1, "Good"), at(0ms));
  rows.desire(alert(AlertState::firing, 1, "Bad"), at(0ms));
  exchange(rows, Kind::rejected, at(0ms));
  CHECK(rows.due(at(30s), 64).size() == 2);
}

TEST_CASE("retries grow apart up to five minutes and never stop") {
  DeliveryRows rows{std::nullopt};
  rows.desire(alert(AlertState::firing), at(0ms));
  auto now = at(0ms);
  std::chrono::nanoseconds last{0};
  for (int i = 0; i < 30; ++i) {
    REQUIRE(exchange(rows, Kind::retry, now).size() == 1);
    const auto wait = *rows.next_due() - now;
    CHECK(wait >= last);
    CHECK(wait <= 5min);
    last = wait;
    now = *rows.next_due();
  }
  CHECK(last > 3min);
}

TEST_CASE("an answer that names a time is heeded") {
  DeliveryRows rows{std::nullopt};
  rows.desire(alert(AlertState::firing), at(0ms));
  rows.answered(rows.due(at(0ms), 64), Delivery{Kind::retry, "http_429", "", 90s, false}, at(0ms), 0.5);
  CHECK(*rows.next_due() == at(90s));
}

TEST_CASE(
    "where telling again is wanted, a firing alert is told again and a resolved one for a quarter of an "
    "hour") {
  DeliveryRows rows{30s};
  rows.desire(alert(AlertState::firing), at(0ms));
  exchange(rows, Kind::sent, at(0ms));
  CHECK(rows.due(at(29s), 64).empty());
  CHECK(exchange(rows, Kind::sent, at(30s)).size() == 1);
  rows.desire(alert(AlertState::resolved), at(40s));
  CHECK(exchange(rows, Kind::sent, at(40s)).size() == 1);
  CHECK(exchange(rows, Kind::sent, at(5min)).size() == 1);
  exchange(rows, Kind::sent, at(17min));
  CHECK_FALSE(rows.next_due().has_value());
}

TEST_CASE("a refused message waits, and does not hold up another") {
  DeliveryRows rows{std::nullopt};
  rows.desire(alert(AlertState::firing, 1, "One"), at(0ms));
  exchange(rows, Kind::rejected, at(0ms));
  rows.desire(alert(AlertState::firing, 1, "Two"), at(1s));
  const auto sent = exchange(rows, Kind::sent, at(1s));
  REQUIRE(sent.size() == 1);
  CHECK(sent.front().labels.at("alertname") == "Two");
  CHECK(rows.unsent() == 1);
  rows.hurry(at(2s));
  CHECK(rows.due(at(2s), 64).size() == 1);
}

}  // namespace healthd
