#include "daemon/incidents.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "daemon/incident_text.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

Incident::Time at(std::chrono::seconds offset) { return Incident::Time{} + 480000h + offset; }

Alert alert(const std::string& name, AlertState state = AlertState::firing) {
  Alert made;
  made.labels = {{"alertname", name},
                 {"stack", "test"},
                 {"component", "redis"},
                 {"probe", name == "RedisDown" ? "broker" : "other"},
                 {"severity", "critical"}};
  made.annotations = {{"summary", "Words."}, {"description", "Redis is away."}};
  made.state = state;
  made.starts_at = at(0s);
  return made;
}

Alert effect(const std::string& name, AlertState state = AlertState::suppressed) {
  auto made = alert(name, state);
  made.suppressed_by = "RedisDown of broker";
  made.cause = fingerprint(alert("RedisDown").labels);
  return made;
}

/// Everything about Celery comes of Redis.
bool related(const Alert& one, const Alert& other) {
  const auto name = [](const Alert& each) { return each.labels.at("alertname").substr(0, 6); };
  return one.labels == other.labels || (name(one) == "RedisD" && name(other) == "Celery") ||
         (name(one) == "Celery" && name(other) == "RedisD");
}

Incidents incidents() { return Incidents{"test", related}; }

}  // namespace

TEST_CASE("an incident has a cause, its effects, and a timeline, and ends with the last of them") {
  auto all = incidents();
  const auto id = all.on(alert("RedisDown"), at(45s));
  REQUIRE_FALSE(id.empty());
  CHECK(all.on(effect("CeleryNoWorkers"), at(60s)) == id);
  CHECK(all.on(alert("RedisDown", AlertState::resolved), at(300s)) == id);
  REQUIRE(all.open().size() == 1);
  CHECK(all.on(effect("CeleryNoWorkers", AlertState::resolved), at(330s)) == id);
  CHECK(all.open().empty());

  const auto* incident = all.find(id);
  REQUIRE(incident);
  CHECK(incident->title == "RedisDown: Words.");
  CHECK(incident->started_at == at(0s));
  CHECK(incident->ended_at == at(330s));
  REQUIRE(incident->members.size() == 2);
  CHECK(incident->members[0].role == Incident::Role::cause);
  CHECK(incident->members[1].role == Incident::Role::effect);
  REQUIRE(incident->timeline.size() == 5);
  CHECK(incident->timeline[1].text ==
        "CeleryNoWorkers of other is held back as an effect of RedisDown of broker: Redis is away.");
}

TEST_CASE("a related alert that is told as well belongs to the same incident, an unrelated one does not") {
  auto all = incidents();
  const auto id = all.on(alert("RedisDown"), at(0s));
  CHECK(all.on(alert("CeleryNoWorkers"), at(10s)) == id);
  CHECK(all.find(id)->members.at(1).role == Incident::Role::also);
  const auto other = all.on(alert("TlsCertificateInvalid"), at(20s));
  CHECK(other != id);
  CHECK(all.open().size() == 2);
}

TEST_CASE("what people hold back, and what is over before it was told, is no incident") {
  auto all = incidents();
  auto silenced = alert("RedisDown", AlertState::suppressed);
  silenced.suppressed_by = "silence 7";
  CHECK(all.on(silenced, at(0s)).empty());
  silenced.state = AlertState::resolved;
  CHECK(all.on(silenced, at(10s)).empty());
  CHECK(all.all().empty());
}

TEST_CASE("what a silence holds back is no part of an incident that could be its cause") {
  auto all = incidents();
  const auto id = all.on(alert("RedisDown"), at(0s));
  auto silenced = alert("CeleryNoWorkers", AlertState::suppressed);
  silenced.suppressed_by = "silence s7 by ann";
  CHECK(all.on(silenced, at(10s)).empty());
  CHECK(all.find(id)->members.size() == 1);
  // The silence ends, the cause does not.
  CHECK(all.on(effect("CeleryNoWorkers"), at(20s)) == id);
  CHECK(all.find(id)->members.at(1).role == Incident::Role::effect);
}

TEST_CASE("an effect that is first heard of at its end is still an effect") {
  auto all = incidents();
  const auto id = all.on(alert("RedisDown"), at(0s));
  CHECK(all.on(effect("CeleryNoWorkers", AlertState::resolved), at(10s)) == id);
  CHECK(all.find(id)->members.at(1).role == Incident::Role::effect);
}

TEST_CASE("an incident that comes back within the second takes nothing from the one before") {
  auto all = incidents();
  const auto first = all.on(alert("RedisDown"), at(0s));
  all.on(alert("RedisDown", AlertState::resolved), at(0s));
  const auto second = all.on(alert("RedisDown"), at(0s));
  CHECK(second != first);
  CHECK(all.find(first)->ended_at);
  CHECK_FALSE(all.find(second)->ended_at);
  CHECK(all.all().front().id == second);
}

TEST_CASE("a timeline that grew too long still tells the beginning and the end") {
  auto all = incidents();
  const auto id = all.on(alert("RedisDown"), at(0s));
  for (int i = 0; i < 500; ++i) all.note(id, at(1s), "line " + std::to_string(i));
  all.on(alert("RedisDown", AlertState::resolved), at(60s));
  const auto& timeline = all.find(id)->timeline;
  CHECK(timeline.size() == 256);
  CHECK(timeline.front().text.starts_with("RedisDown of broker fires"));
  CHECK(timeline.back().text == "The incident is over");
}

TEST_CASE("the same alert begins a new incident after the old one is over") {
  auto all = incidents();
  const auto first = all.on(alert("RedisDown"), at(0s));
  all.on(alert("RedisDown", AlertState::resolved), at(60s));
  const auto second = all.on(alert("RedisDown"), at(120s));
  CHECK(first != second);
  CHECK(all.all().front().id == second);
}

TEST_CASE("an acknowledgement is of the open incident and is in its timeline") {
  auto all = incidents();
  const auto id = all.on(alert("RedisDown"), at(0s));
  CHECK(all.acknowledge(id, "ann", at(60s)));
  CHECK(all.find(id)->acknowledged_by == "ann");
  CHECK(all.told(id) == std::vector{fingerprint(alert("RedisDown").labels)});
  all.on(alert("RedisDown", AlertState::resolved), at(90s));
  CHECK_FALSE(all.acknowledge(id, "bob", at(120s)));
}

TEST_CASE("incidents outlive the process, all of them within a bound") {
  auto before = incidents();
  const auto id = before.on(alert("RedisDown"), at(0s));
  before.on(effect("CeleryNoWorkers"), at(10s));
  const auto rows = before.take_changed();
  REQUIRE(rows.size() == 1);
  auto after = incidents();
  REQUIRE(after.restore(*rows[0].second));
  CHECK(to_text(*after.find(id)) == to_text(*before.find(id)));
  CHECK(after.on(alert("RedisDown"), at(20s)) == id);
  CHECK_FALSE(after.restore("{}"));
  CHECK_FALSE(after.restore("no JSON"));

  for (int i = 0; i < 300; ++i) {
    after.on(alert("TlsCertificateInvalid"), at(std::chrono::seconds{100 + 10 * i}));
    after.on(alert("TlsCertificateInvalid", AlertState::resolved), at(std::chrono::seconds{105 + 10 * i}));
  }
  CHECK(after.all().size() <= 201);
  CHECK(after.find(id));  // open ones stay
}

TEST_CASE("a full incident stays open for what still fires, and makes room by what is over") {
  auto all = incidents();
  const auto id = all.on(alert("RedisDown"), at(0s));
  for (int i = 0; i < 100; ++i) {
    auto of_worker = alert("CeleryWorkerCatatonic");
    of_worker.labels["worker"] = "w" + std::to_string(i);
    REQUIRE(all.on(of_worker, at(10s)) == id);
    if (i == 99) break;
    of_worker.state = AlertState::resolved;
    all.on(of_worker, at(20s));
  }
  all.on(alert("RedisDown", AlertState::resolved), at(30s));
  CHECK(all.find(id)->members.size() <= 64);
  CHECK(all.open().size() == 1);
}

TEST_CASE("pages share one list until something changes") {
  auto all = incidents();
  all.on(alert("RedisDown"), at(0s));
  const auto first = all.recent();
  CHECK(all.recent() == first);
  all.on(alert("RedisDown", AlertState::resolved), at(10s));
  CHECK(all.recent() != first);
  CHECK(all.recent()->at(0).ended_at.has_value());
}

}  // namespace healthd
