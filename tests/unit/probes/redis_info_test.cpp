#include <catch2/catch_test_macros.hpp>

#include "probes/redis_info.hpp"
#include "probes/redis_state.hpp"

using namespace healthd;

namespace {

constexpr auto now = std::chrono::system_clock::time_point{std::chrono::seconds{1'800'000'000}};

std::optional<double> value(const std::vector<Sample>& samples, std::string_view name,
                            std::string_view label = "") {
  for (const auto& sample : samples)
    if (sample.name == name && (label.empty() || sample.labels.front().second == label)) return sample.value;
  return std::nullopt;
}

}  // namespace

TEST_CASE("INFO is an open map: unknown fields do no harm, missing ones make no sample") {
  const InfoText info{
      "# Server\r\nredis_version:7.0.15\r\nnew_field:x:y\r\n\r\n# "
      "Clients\r\nconnected_clients:3\r\nbroken\r\nmaxclients:\r\n"};
  CHECK(info.text("redis_version") == "7.0.15");
  CHECK(info.text("new_field") == "x:y");
  const auto samples = server_samples(info, true, now);
  CHECK(value(samples, "healthd_redis_connected_clients") == 3);
  CHECK_FALSE(value(samples, "healthd_redis_clients_max"));
  CHECK_FALSE(value(samples, "healthd_redis_memory_used_bytes"));
  CHECK_FALSE(value(samples, "healthd_redis_eviction_policy_safe"));
  CHECK_FALSE(value(samples, "healthd_redis_start_time_seconds"));
}

TEST_CASE("no memory limit is no limit of zero") {
  CHECK_FALSE(value(server_samples(InfoText{"maxmemory:0\n"}, false, now), "healthd_redis_memory_max_bytes"));
  CHECK(value(server_samples(InfoText{"maxmemory:100\n"}, false, now), "healthd_redis_memory_max_bytes") ==
        100);
}

TEST_CASE("eviction is unsafe only where tasks or results are held") {
  const InfoText info{"maxmemory_policy:volatile-lru\n"};
  CHECK(value(server_samples(info, true, now), "healthd_redis_eviction_policy_safe") == 0);
  CHECK_FALSE(value(server_samples(info, false, now), "healthd_redis_eviction_policy_safe"));
  CHECK(value(server_samples(InfoText{"maxmemory_policy:noeviction\n"}, true, now),
              "healthd_redis_eviction_policy_safe") == 1);
}

TEST_CASE("persistence is judged only where it is in use") {
  const auto pure_cache = server_samples(
      InfoText{
          "rdb_last_bgsave_status:ok\nrdb_last_bgsave_time_sec:-1\nrdb_last_save_time:17\naof_enabled:0\n"
          "aof_last_write_status:ok\n"},
      false, now);
  CHECK_FALSE(value(pure_cache, "healthd_redis_persistence_ok"));
  CHECK_FALSE(value(pure_cache, "healthd_redis_last_save_timestamp_seconds"));
  const auto failing = server_samples(
      InfoText{
          "rdb_last_bgsave_status:err\nrdb_last_bgsave_time_sec:0\nrdb_last_save_time:17\naof_enabled:1\n"
          "aof_last_write_status:ok\n"},
      false, now);
  CHECK(value(failing, "healthd_redis_persistence_ok", "rdb") == 0);
  CHECK(value(failing, "healthd_redis_persistence_ok", "aof") == 1);
  CHECK(value(failing, "healthd_redis_last_save_timestamp_seconds") == 17);
}

TEST_CASE("the start time does not wander between two looks within one second of the server") {
  const auto start = [](const char* micros) {
    const InfoText info{std::string{"uptime_in_seconds:100\nserver_time_usec:"} + micros + "\n"};
    return value(server_samples(info, false, now), "healthd_redis_start_time_seconds");
  };
  CHECK(start("1700000100000001") == 1'700'000'000);
  CHECK(start("1700000100999999") == 1'700'000'000);
}

TEST_CASE("an empty database has no keys rather than an unknown number") {
  const InfoText info{"db0:keys=12,expires=3,avg_ttl=0\n"};
  CHECK(database_sample(info, 0).value == 12);
  CHECK(database_sample(info, 7).value == 0);
}

TEST_CASE("refused writes are told from INFO as far as it shows them") {
  CHECK(writes_refused(InfoText{"role:slave\nslave_read_only:1\n"}).reason == Reason::read_only);
  CHECK_FALSE(writes_refused(InfoText{"role:slave\nslave_read_only:0\n"}));
  const std::string full = "used_memory:110\nmaxmemory:100\nmaxmemory_policy:";
  CHECK(writes_refused(InfoText{full + "noeviction\n"}).reason == Reason::oom);
  CHECK_FALSE(writes_refused(InfoText{full + "allkeys-lru\n"}));
  CHECK_FALSE(writes_refused(InfoText{full + "noeviction\nmem_not_counted_for_evict:20\n"}));
  CHECK_FALSE(writes_refused(InfoText{"used_memory:110\nmaxmemory:0\nmaxmemory_policy:noeviction\n"}));
  CHECK(writes_refused(InfoText{"role:master\nmin_slaves_good_slaves:0\n"}).reason == Reason::noreplicas);
  CHECK_FALSE(writes_refused(InfoText{"role:master\nmin_slaves_good_slaves:1\n"}));
}

TEST_CASE("more kinds of errors than we list are summed up") {
  std::string text;
  for (int i = 10; i < 35; ++i) text += "errorstat_E" + std::to_string(i) + ":count=2\n";
  const auto samples = server_samples(InfoText{text}, false, now);
  CHECK(value(samples, "healthd_redis_error_replies_total", "E10") == 2);
  CHECK(value(samples, "healthd_redis_error_replies_total", "other") == 10);
}

TEST_CASE("a copy of INFO's fields outlives the first, and an endless list of fields costs little") {
  InfoText copy;
  {
    const InfoText first{"role:master\nrole:slave\n"};
    copy = first;
  }
  CHECK(copy.text("role") == "master");
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += "a" + std::to_string(i) + ":\n";
  CHECK(InfoText{text}.fields().size() == 4096);
}
