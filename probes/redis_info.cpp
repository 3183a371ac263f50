#include "probes/redis_info.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace healthd {
namespace {

struct Direct {
  const char* metric;
  const char* field;
  double scale = 1;
};

/// Fields that are samples as they stand.
constexpr std::array direct{
    Direct{"healthd_redis_connected_clients", "connected_clients"},
    Direct{"healthd_redis_blocked_clients", "blocked_clients"},
    Direct{"healthd_redis_clients_max", "maxclients"},
    Direct{"healthd_redis_memory_used_bytes", "used_memory"},
    Direct{"healthd_redis_memory_rss_bytes", "used_memory_rss"},
    Direct{"healthd_redis_evicted_keys_total", "evicted_keys"},
    Direct{"healthd_redis_expired_keys_total", "expired_keys"},
    Direct{"healthd_redis_keyspace_hits_total", "keyspace_hits"},
    Direct{"healthd_redis_keyspace_misses_total", "keyspace_misses"},
    Direct{"healthd_redis_commands_processed_total", "total_commands_processed"},
    Direct{"healthd_redis_connections_received_total", "total_connections_received"},
    Direct{"healthd_redis_connections_rejected_total", "rejected_connections"},
    Direct{"healthd_redis_loading", "loading"},
    Direct{"healthd_redis_last_fork_seconds", "latest_fork_usec", 1e-6},
    Direct{"healthd_redis_replicas_connected", "connected_slaves"},
};

constexpr std::size_t most_errors = 20;

using Labels = std::vector<std::pair<std::string, std::string>>;

/// Steady between runs: both numbers come from the server's one cached clock, where it shows it (7.0).
std::optional<double> start_time(const InfoText& info, std::chrono::system_clock::time_point now) {
  const auto uptime = info.number("uptime_in_seconds");
  if (!uptime) return std::nullopt;
  const std::chrono::duration<double> here = now.time_since_epoch();
  const auto server_time = info.number("server_time_usec").value_or(here.count() * 1e6);
  return std::floor(server_time / 1e6) - *uptime;
}

/// Only of the methods in use: a pure cache saves nothing, and that is no failure.
void add_persistence(const InfoText& info, std::vector<Sample>& samples) {
  const auto ok = [&](const char* field) { return info.text(field) == "ok" ? 1.0 : 0.0; };
  const bool saved = info.number("rdb_last_bgsave_time_sec").value_or(-1) >= 0;
  if (saved || info.text("rdb_last_bgsave_status") == "err") {
    samples.push_back({"healthd_redis_persistence_ok", ok("rdb_last_bgsave_status"), {{"method", "rdb"}}});
    if (const auto at = info.number("rdb_last_save_time"))
      samples.push_back({"healthd_redis_last_save_timestamp_seconds", *at});
  }
  if (info.number("aof_enabled") == 1.0)
    samples.push_back({"healthd_redis_persistence_ok", ok("aof_last_write_status"), {{"method", "aof"}}});
}

/// The count within `count=12,...` or `keys=3,expires=0,...`: the number after the first `=`.
std::optional<double> first_number(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  text.remove_prefix(equals + 1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && std::isfinite(value) ? std::optional{value} : std::nullopt;
}

void add_errors(const InfoText& info, std::vector<Sample>& samples) {
  constexpr std::string_view prefix = "errorstat_";
  std::size_t shown = 0;
  double others = 0;
  const auto& fields = info.fields();
  for (auto field = std::ranges::lower_bound(fields, prefix, {}, &InfoText::Field::first);
       field != fields.end() && field->first.starts_with(prefix); ++field) {
    const auto count = first_number(field->second).value_or(0);
    if (shown++ < most_errors) {
      const Labels labels{{"error", std::string{field->first.substr(prefix.size())}}};
      samples.push_back({"healthd_redis_error_replies_total", count, labels});
    } else {
      others += count;
    }
  }
  if (shown > most_errors)
    samples.push_back({"healthd_redis_error_replies_total", others, {{"error", "other"}}});
}

}  // namespace

std::vector<Sample> server_samples(const InfoText& info, bool holds_tasks,
                                   std::chrono::system_clock::time_point now) {
  std::vector<Sample> samples;
  const auto text = [&](const char* field) { return std::string{info.text(field)}; };
  const Labels identity{
      {"version", text("redis_version")}, {"mode", text("redis_mode")}, {"role", text("role")}};
  samples.push_back({"healthd_redis_info", 1, identity});
  for (const auto& [metric, field, scale] : direct)
    if (const auto value = info.number(field)) samples.push_back({metric, *value * scale});
  if (const auto started = start_time(info, now))
    samples.push_back({"healthd_redis_start_time_seconds", *started});
  // 0 means "no limit"; a ratio against it would be infinite.
  if (const auto limit = info.number("maxmemory"); limit.value_or(0) > 0)
    samples.push_back({"healthd_redis_memory_max_bytes", *limit});
  if (const auto policy = text("maxmemory_policy"); !policy.empty()) {
    samples.push_back({"healthd_redis_eviction_policy_info", 1, {{"policy", policy}}});
    if (holds_tasks)
      samples.push_back({"healthd_redis_eviction_policy_safe", policy == "noeviction" ? 1.0 : 0.0});
  }
  if (info.text("role") == "slave")
    samples.push_back({"healthd_redis_replica_link_up", info.text("master_link_status") == "up" ? 1.0 : 0.0});
  add_persistence(info, samples);
  add_errors(info, samples);
  return samples;
}

Sample database_sample(const InfoText& info, int database) {
  const auto name = std::to_string(database);
  return {"healthd_redis_db_keys", first_number(info.text("db" + name)).value_or(0), {{"db", name}}};
}

}  // namespace healthd
