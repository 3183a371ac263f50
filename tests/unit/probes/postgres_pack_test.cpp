#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <set>

#include "probes/postgres_evidence.hpp"
#include "probes/postgres_pack.hpp"
#include "probes/postgres_rows.hpp"

namespace healthd {
namespace {

const PgCollector& collector(std::string_view name) {
  return *std::ranges::find(pg_pack(), name, &PgCollector::name);
}

std::optional<double> value(const PgSamples& samples, std::string_view name, std::string_view label = "") {
  if (!samples) return std::nullopt;
  for (const auto& one : *samples)
    if (one.name == name && (label.empty() || (!one.labels.empty() && one.labels.front().second == label)))
      return one.value;
  return std::nullopt;
}

}  // namespace

TEST_CASE("each collector has exactly one statement for each major from 12 on, none before") {
  std::set<std::string_view> names;
  for (const auto& one : pg_pack()) {
    INFO(one.name);
    CHECK(names.insert(one.name).second);
    for (int major = 12; major <= 30; ++major) {
      const auto fits = [&](const PgStatement& s) { return s.first_major <= major && major <= s.last_major; };
      CHECK(std::ranges::count_if(one.statements, fits) == 1);
      CHECK_FALSE(pg_statement(one, major).empty());
    }
    CHECK(pg_statement(one, 11).empty());
  }
}

TEST_CASE("statements differ where the server's views do") {
  CHECK(pg_statement(collector("checkpoints"), 16) != pg_statement(collector("checkpoints"), 17));
  CHECK(pg_statement(collector("locks"), 13) != pg_statement(collector("locks"), 14));
  CHECK(pg_statement(collector("wal"), 13) != pg_statement(collector("wal"), 14));
}

TEST_CASE("every state of a session is counted, also those that nobody is in or that are new to us") {
  const auto samples = read_pg_activity({{"idle in transaction (aborted)", "1", "9", std::nullopt, "4"},
                                         {"dreaming", "2", std::nullopt, std::nullopt, std::nullopt},
                                         {"active", "1", "3", "2.5", std::nullopt},
                                         {"other", "3", std::nullopt, std::nullopt, std::nullopt}});

  CHECK(value(samples, "healthd_postgres_connections", "active") == 1.0);
  CHECK(value(samples, "healthd_postgres_connections", "idle") == 0.0);
  CHECK(value(samples, "healthd_postgres_connections", "idle_in_transaction") == 0.0);
  CHECK(value(samples, "healthd_postgres_connections", "idle_in_transaction_aborted") == 1.0);
  CHECK(value(samples, "healthd_postgres_connections", "other") == 5.0);
  CHECK(value(samples, "healthd_postgres_oldest_transaction_seconds") == 9.0);
  CHECK(value(samples, "healthd_postgres_oldest_active_query_seconds") == 2.5);
  CHECK(value(samples, "healthd_postgres_oldest_idle_in_transaction_seconds") == 4.0);
  CHECK_FALSE(read_pg_activity({{"idle"}}).has_value());
}

TEST_CASE("what the server does not know has no sample, and what it garbles is refused") {
  PgRow row{"10", "2", "3", "4", "5", "6", "7", std::nullopt, std::nullopt, "1", "2", "3"};
  const auto samples = read_pg_database({row});
  CHECK(value(samples, "healthd_postgres_transactions_total", "rollback") == 2.0);
  CHECK(value(samples, "healthd_postgres_sessions_ended_total", "killed") == 3.0);
  CHECK_FALSE(value(samples, "healthd_postgres_checksum_failures_total"));
  CHECK_FALSE(value(samples, "healthd_postgres_stats_reset_timestamp_seconds"));

  row[3] = "many";
  CHECK_FALSE(read_pg_database({row}).has_value());
  row.pop_back();
  CHECK_FALSE(read_pg_database({row}).has_value());
  CHECK_FALSE(read_pg_database({}).has_value());
}

TEST_CASE("many replicas and slots are bounded, and the worst ones keep their names") {
  PgRows replicas, slots;
  for (int i = 0; i < 20; ++i) {
    const auto lag = std::to_string(1000 - i);
    replicas.push_back({"r" + std::to_string(i), lag});
    slots.push_back({"s" + std::to_string(i), i % 2 == 0 ? "1" : "0", lag});
  }
  const auto lags = read_pg_replication(replicas);
  REQUIRE(lags);
  CHECK(lags->size() == 9);
  CHECK(value(lags, "healthd_postgres_replication_lag_bytes", "r0") == 1000.0);
  CHECK(value(lags, "healthd_postgres_replication_lag_bytes", "other") == 992.0);
  const auto kept = read_pg_slots(slots);
  REQUIRE(kept);
  CHECK(kept->size() == 16);
  CHECK(value(kept, "healthd_postgres_replication_slot_active", "s1") == 0.0);
  CHECK_FALSE(value(kept, "healthd_postgres_replication_slot_active", "s8"));
}

TEST_CASE("a slot that retains nothing yet is only active or not") {
  const auto samples = read_pg_slots({{"new", "0", std::nullopt}});
  REQUIRE(samples);
  CHECK(samples->size() == 1);
}

TEST_CASE("replicas whose names look alike as labels are one series") {
  const auto samples = read_pg_replication({{"a\x01", "5"}, {"a\x02", "4"}});
  REQUIRE(samples);
  CHECK(samples->size() == 1);
  CHECK(value(samples, "healthd_postgres_replication_lag_bytes", "a?") == 5.0);
}

TEST_CASE("evidence is asked for only where the figures show trouble, and names no user and no query") {
  CHECK(pg_inquiries({}).empty());
  CHECK(pg_inquiries({{"healthd_postgres_lock_waiters", 0},
                      {"healthd_postgres_oldest_idle_in_transaction_seconds", 5}})
            .empty());

  const auto locks = pg_inquiries({{"healthd_postgres_lock_waiters", 1}});
  REQUIRE(locks.size() == 1);
  CHECK(locks[0].read({{"42", "relation", "7", "41", "idle in transaction", "super\nset"}}) ==
        "pid 42 waits 7 s (relation) for pid 41 (idle in transaction, application super?set)");
  CHECK(locks[0].read({{"42", "relation", "7", std::nullopt, std::nullopt, std::nullopt}}) ==
        "pid 42 waits 7 s (relation) for a prepared transaction");
  CHECK(locks[0].read({}).empty());

  const auto idle = pg_inquiries({{"healthd_postgres_oldest_idle_in_transaction_seconds", 61}});
  REQUIRE(idle.size() == 1);
  CHECK(idle[0].read({{"42", "61", ""}}) == "pid 42 for 61 s, application without a name");
}

}  // namespace healthd
