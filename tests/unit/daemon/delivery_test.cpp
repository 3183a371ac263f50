#include "daemon/delivery.hpp"

#include <catch2/catch_test_macros.hpp>

namespace healthd {
namespace {

using namespace std::chrono_literals;
using Kind = Delivery::Kind;

Moment at(std::chrono::milliseconds offset) {
  return {DeliveryRows::Time{} + 1h + offset, Alert::Time{} + 480000h + offset};
}

Alert alert(AlertState state, std::uint64_t sequence = 1, std::string name = "RedisDown") {
  Alert made;
  made.labels = {{"alertname", std::move(name)}};
  made.state = state;
  made.sequence = sequence;
  return made;
}

Delivery answer(Kind kind) { return {kind, kind == Kind::sent ? "" : "http_5xx", "", std::nullopt, false}; }

/// As if the disk took everything at once. Returns what it holds.
std::map<std::string, std::string> commit(DeliveryRows& rows) {
  std::map<std::string, std::string> disk;
  for (const auto& [key, body, version] : rows.take_changed()) {
    if (body) disk[key] = *body;
    rows.committed(key, version);
  }
  return disk;
}

std::vector<Message> due(DeliveryRows& rows, Moment now) {
  commit(rows);
  return rows.due(now);
}

void answered(DeliveryRows& rows, const std::vector<Message>& sent, const Delivery& one, Moment now) {
  rows.answered(sent, std::vector<Delivery>(sent.size(), one), now, 0.5);
}

/// Sends what is due and answers it.
std::vector<Message> exchange(DeliveryRows& rows, Kind kind, Moment now) {
  auto sent = due(rows, now);
  answered(rows, sent, answer(kind), now);
  return sent;
}

std::optional<DeliveryRows::Time> next_due(DeliveryRows& rows) {
  commit(rows);
  return rows.next_due();
}

}  // namespace

TEST_CASE("a firing alert is sent once, then its resolve once") {
  DeliveryRows rows{Manners{}};
  rows.desire(alert(AlertState::firing), at(0ms));
  CHECK(exchange(rows, Kind::sent, at(0ms)).size() == 1);
  CHECK(exchange(rows, Kind::sent, at(10min)).empty());
  rows.desire(alert(AlertState::resolved), at(11min));
  const auto resolved = exchange(rows, Kind::sent, at(11min));
  REQUIRE(resolved.size() == 1);
  CHECK(resolved.front().alert.state == AlertState::resolved);
  CHECK_FALSE(next_due(rows).has_value());
}

TEST_CASE("a receiver that was away hears the newest state only") {
  DeliveryRows rows{Manners{}};
  rows.desire(alert(AlertState::firing), at(0ms));
  exchange(rows, Kind::sent, at(0ms));
  rows.desire(alert(AlertState::resolved), at(1s));
  exchange(rows, Kind::retry, at(1s));
  rows.desire(alert(AlertState::firing, 2), at(2s));
  const auto sent = exchange(rows, Kind::sent, at(2s));
  REQUIRE(sent.size() == 1);
  CHECK(sent.front().alert.sequence == 2);
}

TEST_CASE("what came and went while the receiver was away is not told") {
  DeliveryRows rows{Manners{}};
  rows.desire(alert(AlertState::firing), at(0ms));
  exchange(rows, Kind::retry, at(0ms));
  rows.desire(alert(AlertState::resolved), at(1s));
  CHECK_FALSE(next_due(rows).has_value());
}

TEST_CASE("what may have arrived although no answer came gets its resolve") {
  DeliveryRows rows{Manners{}};
  rows.desire(alert(AlertState::firing), at(0ms));
  auto lost = answer(Kind::retry);
  lost.may_have_arrived = true;
  answered(rows, due(rows, at(0ms)), lost, at(0ms));
  rows.desire(alert(AlertState::resolved), at(1s));
  CHECK(exchange(rows, Kind::sent, at(1s)).size() == 1);
}

TEST_CASE("a resolve that comes while the firing is on its way is sent after it") {
  DeliveryRows rows{Manners{}};
  rows.desire(alert(AlertState::firing), at(0ms));
  const auto on_its_way = due(rows, at(0ms));
  rows.desire(alert(AlertState::resolved), at(1ms));
  answered(rows, on_its_way, answer(Kind::sent), at(2ms));
  const auto next = exchange(rows, Kind::sent, at(3ms));
  REQUIRE(next.size() == 1);
  CHECK(next.front().alert.state == AlertState::resolved);
}

TEST_CASE("where alerts are told again, a refusal of one of them parks none") {
  DeliveryRows rows{Manners{.resend = 30s}};
  rows.desire(alert(AlertState::firing, 1, "Good"), at(0ms));
  rows.desire(alert(AlertState::firing, 1, "Bad"), at(0ms));
  exchange(rows, Kind::rejected, at(0ms));
  CHECK(due(rows, at(30s)).size() == 2);
}

TEST_CASE("retries grow apart up to five minutes and never stop") {
  DeliveryRows rows{Manners{}};
  rows.desire(alert(AlertState::firing), at(0ms));
  auto now = at(0ms);
  std::chrono::nanoseconds last{0};
  for (int i = 0; i < 30; ++i) {
    REQUIRE(exchange(rows, Kind::retry, now).size() == 1);
    const auto wait = *next_due(rows) - now.steady;
    CHECK(wait >= last);
    CHECK(wait <= 5min);
    last = wait;
    now = {*next_due(rows), now.wall + wait};
  }
  CHECK(last > 3min);
}

TEST_CASE("an answer that names a time is heeded") {
  DeliveryRows rows{Manners{}};
  rows.desire(alert(AlertState::firing), at(0ms));
  answered(rows, due(rows, at(0ms)), Delivery{Kind::retry, "http_429", "", 90s, false}, at(0ms));
  CHECK(*next_due(rows) == at(90s).steady);
}

TEST_CASE(
    "where telling again is wanted, a firing alert is told again and a resolved one for a quarter of an "
    "hour") {
  DeliveryRows rows{Manners{.resend = 30s}};
  rows.desire(alert(AlertState::firing), at(0ms));
  exchange(rows, Kind::sent, at(0ms));
  CHECK(due(rows, at(29s)).empty());
  CHECK(exchange(rows, Kind::sent, at(30s)).size() == 1);
  rows.desire(alert(AlertState::resolved), at(40s));
  CHECK(exchange(rows, Kind::sent, at(40s)).size() == 1);
  CHECK(exchange(rows, Kind::sent, at(5min)).size() == 1);
  exchange(rows, Kind::sent, at(17min));
  CHECK_FALSE(next_due(rows).has_value());
}

TEST_CASE("a refused message waits, and does not hold up another") {
  DeliveryRows rows{Manners{}};
  rows.desire(alert(AlertState::firing, 1, "One"), at(0ms));
  exchange(rows, Kind::rejected, at(0ms));
  rows.desire(alert(AlertState::firing, 1, "Two"), at(1s));
  const auto sent = exchange(rows, Kind::sent, at(1s));
  REQUIRE(sent.size() == 1);
  CHECK(sent.front().alert.labels.at("alertname") == "Two");
  CHECK(rows.unsent() == 1);
  rows.say_farewell(at(2s).steady);
  CHECK(due(rows, at(2s)).size() == 1);
}

TEST_CASE("nothing is sent before the wish to send it is on the disk") {
  DeliveryRows rows{Manners{}};
  rows.desire(alert(AlertState::firing), at(0ms));
  CHECK(rows.due(at(0ms)).empty());
  const auto first = rows.take_changed();
  REQUIRE(first.size() == 1);
  rows.desire(alert(AlertState::firing, 2), at(1ms));
  rows.committed(first[0].fingerprint, first[0].version);  // of what has been replaced meanwhile
  CHECK(rows.due(at(1ms)).empty());
  CHECK(due(rows, at(2ms)).size() == 1);
}

TEST_CASE("what was not accepted before a restart is sent after it, and says how late it is") {
  DeliveryRows before{Manners{}};
  before.desire(alert(AlertState::firing), at(0ms));
  const auto disk = commit(before);
  DeliveryRows after{Manners{}};
  for (const auto& [key, body] : disk) REQUIRE(after.restore(key, body, at(42min)));
  const auto sent = exchange(after, Kind::sent, at(42min));
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].note.find("Delayed by 42m") != std::string::npos);
  CHECK(exchange(after, Kind::sent, at(43min)).empty());
}

TEST_CASE("a restart tells nothing again that was accepted, and still tells the end of it") {
  DeliveryRows before{Manners{}};
  before.desire(alert(AlertState::firing), at(0ms));
  auto taken = answer(Kind::sent);
  taken.receipt = "seen by instance 7";
  answered(before, due(before, at(0ms)), taken, at(0ms));
  const auto disk = commit(before);
  DeliveryRows after{Manners{}};
  for (const auto& [key, body] : disk) REQUIRE(after.restore(key, body, at(1min)));
  CHECK(exchange(after, Kind::sent, at(1min)).empty());
  after.desire(alert(AlertState::resolved), at(2min));
  const auto sent = exchange(after, Kind::sent, at(2min));
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].receipt == "seen by instance 7");
}

TEST_CASE("a row that is not ours is refused") {
  DeliveryRows rows{Manners{}};
  CHECK_FALSE(rows.restore("key", "{}", at(0ms)));
  CHECK_FALSE(rows.restore("key", "no JSON", at(0ms)));
}

TEST_CASE("a receiver that wants to know hears in one message of what it missed") {
  DeliveryRows rows{Manners{.tells_missed = true}};
  rows.desire(alert(AlertState::firing), at(0ms));
  exchange(rows, Kind::retry, at(0ms));
  rows.desire(alert(AlertState::resolved), at(10min));
  const auto sent = exchange(rows, Kind::sent, at(11min));
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].kind == Message::Kind::missed);
  CHECK_FALSE(next_due(rows).has_value());
}

TEST_CASE("an alert that goes on firing is brought to mind until somebody takes it on") {
  DeliveryRows rows{Manners{.acknowledges = true}, 4h};
  const auto key = fingerprint(alert(AlertState::firing).labels);
  rows.desire(alert(AlertState::firing), at(0ms));
  exchange(rows, Kind::sent, at(0ms));
  CHECK(exchange(rows, Kind::sent, at(3h)).empty());
  const auto reminded = exchange(rows, Kind::sent, at(4h));
  REQUIRE(reminded.size() == 1);
  CHECK(reminded[0].kind == Message::Kind::reminder);
  rows.acknowledge(key, "ann", at(5h));
  const auto told = exchange(rows, Kind::sent, at(5h));
  REQUIRE(told.size() == 1);
  CHECK(told[0].kind == Message::Kind::acknowledged);
  CHECK(told[0].note == "Acknowledged by ann.");
  CHECK(exchange(rows, Kind::sent, at(20h)).empty());
  rows.desire(alert(AlertState::resolved), at(21h));
  CHECK(exchange(rows, Kind::sent, at(21h)).size() == 1);
}

TEST_CASE("before a stop, what is told again is told once more as a farewell") {
  DeliveryRows rows{Manners{.resend = 30s}};
  rows.desire(alert(AlertState::firing), at(0ms));
  CHECK_FALSE(exchange(rows, Kind::sent, at(0ms)).at(0).farewell);
  rows.say_farewell(at(1s).steady);
  CHECK(rows.worth_waiting_for() == 1);
  const auto last = exchange(rows, Kind::sent, at(1s));
  REQUIRE(last.size() == 1);
  CHECK(last[0].farewell);
  CHECK(rows.worth_waiting_for() == 0);
}

}  // namespace healthd
