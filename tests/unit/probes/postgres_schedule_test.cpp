#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "probes/postgres_schedule.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;
using Clock = PgSchedule::Clock;

const Clock::time_point start{1000h};

std::string_view name_of(std::string_view sql) {
  for (const auto& collector : pg_pack())
    if (pg_statement(collector, 15) == sql) return collector.name;
  return "?";
}

/// Answers every question as a server of the right shape would, with `1` in each cell.
PgRows answer_to(std::string_view name) {
  if (name == "activity" || name == "replication" || name == "slots") return {};
  const std::pair<std::string_view, std::size_t> widths[] = {
      {"locks", 2}, {"database", 12}, {"checkpoints", 4}, {"archiver", 3}, {"wraparound", 2}};
  const auto found = std::ranges::find(widths, name, [](const auto& one) { return one.first; });
  return {PgRow(found == std::end(widths) ? 1 : found->second, "1")};
}

/// One round at `now`; the names that were asked, in order.
std::vector<std::string_view> round(PgSchedule& schedule, Clock::time_point now,
                                    std::string_view failing = "", bool may_monitor = true) {
  std::vector<std::string_view> names;
  for (const auto& [index, sql] : schedule.begin(now, 15, may_monitor)) {
    const auto name = name_of(sql);
    names.push_back(name);
    const Failure failure{Reason::permission, "permission denied"};
    schedule.take(index, name == failing ? Result<PgRows>{failure} : Result<PgRows>{answer_to(name)},
                  {now, now + 1ms, 5});
  }
  return names;
}

std::optional<double> value(const PgSchedule& schedule, std::string_view name, std::string_view label = "",
                            bool current = true) {
  for (const auto& one : schedule.samples(current))
    if (one.name == name && (label.empty() || (!one.labels.empty() && one.labels.front().second == label)))
      return one.value;
  return std::nullopt;
}

bool has(const std::vector<std::string_view>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

TEST_CASE("slow statistics are spread over the rounds, and all are read in the end") {
  PgSchedule schedule;
  std::vector<std::string_view> slow_ones;
  for (int i = 0; i < 8; ++i) {
    const auto names = round(schedule, start + i * 15s);
    CHECK(has(names, "activity"));
    CHECK(has(names, "replay") == (i % 2 == 0));
    std::size_t slow = 0;
    for (const auto& name : names) {
      const auto& collector = *std::ranges::find(pg_pack(), name, &PgCollector::name);
      if (collector.every < 300s) continue;
      ++slow;
      slow_ones.push_back(name);
    }
    CHECK(slow <= 1);
  }
  CHECK(slow_ones.size() == 6);
  CHECK(has(slow_ones, "sequences"));
}

TEST_CASE("a round that comes seldom reads more of the slow ones") {
  PgSchedule schedule;
  round(schedule, start);
  CHECK(has(round(schedule, start + 10min), "sequences"));
}

TEST_CASE("what is read seldom is shown until it is read again, what is read always only when it was") {
  PgSchedule schedule({"activity", "locks"});
  round(schedule, start);
  schedule.begin(start + 15s, 15, true);  // no answer to anything
  CHECK_FALSE(value(schedule, "healthd_postgres_deadlocks_total"));
  CHECK(value(schedule, "healthd_postgres_replication_lag_seconds") == 1.0);
  schedule.begin(start + 61s, 15, true);
  CHECK_FALSE(value(schedule, "healthd_postgres_replication_lag_seconds"));
}

TEST_CASE("a collector that fails has no samples, says so, and is tried again within a minute") {
  PgSchedule schedule;
  round(schedule, start);
  CHECK_FALSE(schedule.failure());
  CHECK(value(schedule, "healthd_collector_success", "wal_directory") == 1.0);

  round(schedule, start + 30s, "wal_directory");
  CHECK(schedule.failure().reason == Reason::permission);
  CHECK(schedule.failure().detail.find("wal_directory") != std::string::npos);
  CHECK_FALSE(value(schedule, "healthd_postgres_wal_directory_bytes"));
  CHECK(value(schedule, "healthd_collector_success", "wal_directory") == 0.0);
  CHECK(value(schedule, "healthd_collector_duration_seconds", "wal_directory") > 0.0);
  CHECK(value(schedule, "healthd_collector_last_success_timestamp_seconds", "wal_directory") == 5.0);

  CHECK(schedule.failure());  // until it is tried again
  round(schedule, start + 90s);
  CHECK_FALSE(schedule.failure());
}

TEST_CASE("nothing is said about the last success before there was one") {
  PgSchedule schedule;
  round(schedule, start, "database");
  CHECK_FALSE(value(schedule, "healthd_collector_last_success_timestamp_seconds", "database"));
}

TEST_CASE("an answer that reads like nothing known is a failure") {
  PgSchedule schedule;
  const auto questions = schedule.begin(start, 15, true);
  schedule.take(questions.front().index, PgRows{{"nonsense"}}, {start, start, 0});
  CHECK(schedule.failure().reason == Reason::protocol);
}

TEST_CASE("without pg_monitor nothing is asked that would read healthy") {
  PgSchedule schedule;
  const auto names = round(schedule, start, "", false);
  CHECK_FALSE(has(names, "activity"));
  CHECK_FALSE(has(names, "locks"));
  CHECK(has(names, "database"));
  CHECK_FALSE(value(schedule, "healthd_collector_success", "activity"));
}

TEST_CASE("collectors that are switched off are never asked") {
  PgSchedule schedule({"database"});
  CHECK_FALSE(has(round(schedule, start), "database"));
}

TEST_CASE("a server that is another one forgets what was kept, and without an answer nothing is current") {
  PgSchedule schedule;
  round(schedule, start);
  CHECK(value(schedule, "healthd_postgres_replication_lag_seconds"));
  CHECK_FALSE(value(schedule, "healthd_postgres_replication_lag_seconds", "", false));
  CHECK_FALSE(value(schedule, "healthd_collector_success", "wal", false));
  CHECK(value(schedule, "healthd_collector_last_success_timestamp_seconds", "wal", false) == 5.0);

  schedule.forget();
  CHECK_FALSE(value(schedule, "healthd_postgres_replication_lag_seconds"));
  CHECK(has(round(schedule, start + 15s), "replay"));
}

TEST_CASE("what was due and not asked tells nothing of itself, and has its turn in the end") {
  PgSchedule schedule;
  round(schedule, start);
  const auto slow_one = schedule.begin(start + 15s, 15, true).front();
  schedule.take(slow_one.index, PgRows{}, {start, start + 4s, 5});
  CHECK(value(schedule, "healthd_collector_success", "activity") == 1.0);

  int rounds = 0;
  while (!schedule.fits(schedule.begin(start + 30s, 15, true).front().index, 1s)) {
    CHECK_FALSE(value(schedule, "healthd_collector_success", "activity"));
    CHECK_FALSE(value(schedule, "healthd_collector_duration_seconds", "activity"));
    CHECK(value(schedule, "healthd_collector_last_success_timestamp_seconds", "activity") == 5.0);
    REQUIRE(++rounds < 5);
  }
  CHECK(rounds == 2);
}

TEST_CASE("where nothing but NULL comes back for want of a right, that right is named") {
  PgSchedule schedule;
  for (const auto& [index, sql] : schedule.begin(start, 15, true))
    schedule.take(index, PgRows{}, {start, start, 0});
  PgSchedule::Clock::time_point now = start;
  for (int i = 0; i < 8; ++i) {
    now += 15s;
    for (const auto& [index, sql] : schedule.begin(now, 15, true)) {
      const auto name = name_of(sql);
      const PgRows unread{{std::nullopt}};
      schedule.take(index, name == "sequences" ? unread : answer_to(name), {now, now, 5});
    }
  }
  CHECK(value(schedule, "healthd_collector_success", "sequences") == 0.0);
  CHECK(schedule.failure().reason == Reason::permission);
  CHECK(schedule.failure().detail ==
        "collector sequences: the role lacks SELECT on each sequence of schema public");
}

TEST_CASE("what takes longer than the time that is left waits for the next run") {
  PgSchedule schedule;
  const auto question = schedule.begin(start, 15, true).back();
  CHECK(schedule.fits(question.index, 1ms));
  schedule.take(question.index, PgRows{{"1"}}, {start, start + 2s, 0});
  CHECK_FALSE(schedule.fits(question.index, 1s));
  CHECK(schedule.fits(question.index, 3s));
}

}  // namespace healthd
