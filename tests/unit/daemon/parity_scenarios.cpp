#include "tests/unit/daemon/parity_scenarios.hpp"

namespace healthd::test {
namespace {

using Samples = std::vector<Sample>;

ProbeResult with(Samples samples, std::vector<CheckResult> checks = {}) {
  ProbeResult result;
  result.checks = std::move(checks);
  if (result.checks.empty()) result.status = Status::up;
  if (!result.checks.empty()) conclude(result);
  result.samples = std::move(samples);
  return result;
}

/// The same at each look.
Scenario steady(std::string alert, std::string component, ProbeResult result, std::string label_value = "") {
  return {std::move(alert),
          component,
          component,
          component == "healthd" ? component : component + "_probe",
          [result = std::move(result)](int) { return result; },
          0.1,
          std::move(label_value)};
}

Scenario failing(std::string alert, std::string component, std::string check, Reason reason) {
  return steady(std::move(alert), std::move(component),
                with({}, {judge(std::move(check), {reason, "words"})}));
}

Scenario gauge(std::string alert, std::string component, Samples samples, std::string label_value = "") {
  return steady(std::move(alert), std::move(component), with(std::move(samples)), std::move(label_value));
}

/// A counter that rises by `step` at each look, beside what stays.
Scenario rising(std::string alert, std::string component, Sample counter, double step, Samples beside = {}) {
  auto result = [counter = std::move(counter), step, beside = std::move(beside)](int seconds) {
    auto samples = beside;
    samples.push_back(counter);
    samples.back().value += step * seconds / 15;
    return with(std::move(samples));
  };
  Scenario made = steady(std::move(alert), std::move(component), {});
  made.result = std::move(result);
  return made;
}

/// Moments of the simulated time, which begins at 0.
double moment(double seconds) { return seconds; }

std::vector<Scenario> edge() {
  constexpr double day = 86400;
  const auto certificate = [](double left, double life) {
    return Samples{{"healthd_tls_leaf_not_after_timestamp_seconds", moment(left)},
                   {"healthd_tls_leaf_not_before_timestamp_seconds", moment(left - life)}};
  };
  auto slow = steady("SupersetEdgeSlow", "nginx", with({}, {judge("https", {})}));
  slow.took = 4;
  slow.minutes = 22;
  auto flapping = steady("SupersetEdgeFlapping", "nginx", {});
  flapping.result = [](int seconds) {
    return with({}, {judge("stub", {seconds / 15 % 20 == 0 ? Reason::timeout : Reason::none, ""})});
  };
  flapping.minutes = 29;
  auto dropped = steady("NginxConnectionsDropped", "nginx", {});
  dropped.result = [](int seconds) {
    return with({{"healthd_nginx_connections_accepted_total", 2.0 * seconds},
                 {"healthd_nginx_connections_handled_total", 1.0 * seconds}});
  };
  dropped.minutes = 12;
  return {failing("SupersetEdgeDown", "nginx", "https", Reason::timeout),
          failing("SupersetUpstreamUnavailable", "nginx", "upstream", Reason::http_status),
          failing("NginxStubStatusDown", "nginx", "stub_status", Reason::connect_refused),
          flapping,
          slow,
          dropped,
          gauge("NginxConnectionsNearLimit", "nginx",
                {{"healthd_nginx_connections", 900, {{"state", "waiting"}}},
                 {"healthd_nginx_worker_connections_limit", 1024}}),
          gauge("TlsCertificateExpiringSoon", "nginx", certificate(15 * day, 90 * day)),
          gauge("TlsCertificateExpiringVerySoon", "nginx", certificate(2 * day, 90 * day)),
          gauge("TlsCertificateInvalid", "nginx", {{"healthd_tls_verify_ok", 0}})};
}

std::vector<Scenario> web() {
  auto slow = steady("SupersetWebSlow", "gunicorn", with({}, {judge("health", {})}));
  slow.took = 4;
  slow.minutes = 22;
  auto errors = steady("SupersetServerErrors", "gunicorn", {});
  errors.result = [](int seconds) {
    return with({{"healthd_gunicorn_requests_total", 1.0 * seconds, {{"code_class", "2xx"}}},
                 {"healthd_gunicorn_requests_total", 0.5 * seconds, {{"code_class", "5xx"}}}});
  };
  errors.minutes = 12;
  return {failing("SupersetWebDown", "gunicorn", "health", Reason::connect_refused),
          slow,
          errors,
          rising("SupersetWorkerTimeouts", "gunicorn",
                 {"healthd_gunicorn_log_messages_total", 0, {{"level", "critical"}}}, 1),
          gauge("SupersetMetadataCheckFailing", "superset",
                {{"healthd_superset_deep_check_ok", 0, {{"check", "metadata_db"}}}}),
          gauge("SupersetApiCheckFailing", "superset",
                {{"healthd_superset_deep_check_ok", 0, {{"check", "api"}}}}),
          gauge("SupersetMigrationsPending", "superset",
                {{"healthd_superset_migration_info", 1, {{"revision", "a"}}},
                 {"healthd_superset_migration_info", 1, {{"revision", "b"}}}}),
          gauge("SupersetReportsStuck", "superset", {{"healthd_superset_reports_stuck", 2}})};
}

std::vector<Scenario> postgres() {
  auto stale = steady("HealthdProbeStale", "postgres", with({}, {judge("query", {})}));
  stale.silent_after = 60;
  auto archive = steady("PostgresWalArchiveFailing", "postgres", {});
  archive.result = [](int seconds) {
    return with({{"healthd_postgres_wal_archive_total", seconds / 15.0, {{"outcome", "failure"}}},
                 {"healthd_postgres_wal_archive_total", 7, {{"outcome", "success"}}}});
  };
  archive.minutes = 32;
  return {
      failing("PostgresDown", "postgres", "connect", Reason::connect_refused),
      failing("PostgresConnectionsExhausted", "postgres", "connect", Reason::too_many_connections),
      gauge("PostgresConnectionsHigh", "postgres",
            {{"healthd_postgres_connections", 90, {{"state", "idle"}}},
             {"healthd_postgres_connections_max", 100},
             {"healthd_postgres_connections_reserved", 3}}),
      gauge("PostgresIdleInTransaction", "postgres",
            {{"healthd_postgres_oldest_idle_in_transaction_seconds", 700}}),
      gauge("PostgresLongTransaction", "postgres", {{"healthd_postgres_oldest_transaction_seconds", 4000}}),
      gauge("PostgresLockWait", "postgres", {{"healthd_postgres_oldest_lock_wait_seconds", 90}}),
      rising("PostgresDeadlocks", "postgres", {"healthd_postgres_deadlocks_total", 3}, 1),
      gauge("PostgresXidWraparound", "postgres", {{"healthd_postgres_oldest_xid_age", 1.2e9}}),
      gauge("PostgresXidWraparoundImminent", "postgres", {{"healthd_postgres_oldest_xid_age", 1.9e9}}),
      rising("PostgresChecksumFailures", "postgres", {"healthd_postgres_checksum_failures_total", 0}, 1),
      archive,
      gauge("PostgresReplicationSlotRetainsWal", "postgres",
            {{"healthd_postgres_replication_slot_retained_bytes", 6e9, {{"slot", "standby"}}},
             {"healthd_postgres_replication_slot_active", 0, {{"slot", "standby"}}},
             {"healthd_postgres_replication_slot_retained_bytes", 6e9, {{"slot", "busy"}}},
             {"healthd_postgres_replication_slot_active", 1, {{"slot", "busy"}}}},
            "standby"),
      gauge("PostgresSequenceNearLimit", "postgres", {{"healthd_postgres_sequence_usage_ratio_max", 0.9}}),
      gauge("HealthdCollectorFailing", "postgres",
            {{"healthd_collector_success", 0, {{"collector", "locks"}}}}, "locks"),
      steady("HealthdMonitorUnprivileged", "postgres",
             with({}, {judge("query", {}), judge("privileges", {Reason::permission, "words"})})),
      stale};
}

std::vector<Scenario> redis() {
  const Samples broker{{"healthd_redis_eviction_policy_safe", 1}};
  auto evicted =
      rising("RedisBrokerEvictedKeys", "redis", {"healthd_redis_evicted_keys_total", 0}, 5, broker);
  return {failing("RedisDown", "redis", "ping", Reason::connect_refused),
          gauge("RedisWritesRejected", "redis", {{"healthd_redis_write_ok", 0}, {"healthd_redis_up", 1}}),
          gauge("RedisMemoryHigh", "redis",
                {{"healthd_redis_memory_used_bytes", 95},
                 {"healthd_redis_memory_max_bytes", 100},
                 {"healthd_redis_eviction_policy_safe", 1}}),
          gauge("RedisBrokerEvictionPolicyUnsafe", "redis", {{"healthd_redis_eviction_policy_safe", 0}}),
          evicted,
          rising("RedisConnectionsRejected", "redis", {"healthd_redis_connections_rejected_total", 0}, 1),
          gauge("RedisPersistenceFailing", "redis",
                {{"healthd_redis_persistence_ok", 1, {{"method", "rdb"}}},
                 {"healthd_redis_persistence_ok", 0, {{"method", "aof"}}}})};
}

std::vector<Scenario> celery() {
  auto stalled =
      gauge("CeleryQueueStalled", "celery",
            {{"healthd_celery_queue_last_empty_timestamp_seconds", moment(0), {{"queue", "celery"}}},
             {"healthd_celery_queue_length", 9, {{"queue", "celery"}}}},
            "celery");
  stalled.minutes = 37;
  auto unacked = gauge("CeleryUnackedTooOld", "celery",
                       {{"healthd_celery_oldest_unacked_timestamp_seconds", moment(0)},
                        {"healthd_celery_visibility_timeout_seconds", 60}});
  unacked.minutes = 14;
  return {failing("CeleryNoWorkers", "celery", "replies", Reason::no_reply),
          failing("CeleryWorkersMissing", "celery", "workers", Reason::no_reply),
          gauge("CeleryWorkerCatatonic", "celery",
                {{"healthd_celery_worker_state", 1, {{"worker", "w1"}, {"state", "catatonic"}}},
                 {"healthd_celery_worker_state", 0, {{"worker", "w1"}, {"state", "healthy"}}}},
                "w1"),
          stalled,
          gauge("CeleryQueueWithoutConsumer", "celery",
                {{"healthd_celery_queue_without_consumer", 1, {{"queue", "celery"}}}}, "celery"),
          gauge("CeleryPoolChildHung", "celery",
                {{"healthd_celery_worker_stuck_tasks", 2, {{"worker", "w1"}}}}, "w1"),
          gauge("CeleryCanaryFailing", "celery",
                {{"healthd_celery_canary_success", 0, {{"queue", "celery"}}}}, "celery"),
          unacked,
          failing("CeleryBeatDown", "beat", "tick", Reason::not_consuming),
          gauge("CeleryBeatDuplicate", "beat", {{"healthd_beat_schedulers", 2}})};
}

std::vector<Scenario> own() {
  auto lag = steady("HealthdSchedulerLag", "healthd", {});
  lag.result = [](int seconds) {
    ProbeResult result = with({});
    Histogram histogram{{0.1, 1, 2, 5}};
    for (int i = 0; i <= seconds / 15; ++i) histogram.observe(1.8);
    result.histograms.push_back({"healthd_scheduler_lag_seconds", histogram});
    return result;
  };
  lag.minutes = 22;
  auto notifications = steady("HealthdNotificationsFailing", "healthd", {}, "pager");
  notifications.result = [](int seconds) {
    return with({{"healthd_notifications_total", seconds / 15.0, {{"receiver", "pager"}}},
                 {"healthd_notification_failures_total",
                  seconds / 15.0,
                  {{"receiver", "pager"}, {"reason", "timeout"}}},
                 {"healthd_notifications_total", seconds / 15.0, {{"receiver", "chat"}}}});
  };
  notifications.minutes = 22;
  return {gauge("HealthdConfigReloadFailed", "healthd", {{"healthd_config_last_reload_successful", 0}}),
          notifications,
          gauge("HealthdStateNotKept", "healthd", {{"healthd_store_ok", 0}}),
          lag,
          gauge("HealthdMonitorBlind", "healthd", {{"healthd_monitor_blind", 1}}),
          gauge("HealthdWatchdog", "healthd", {})};
}

}  // namespace

std::vector<Scenario> scenarios() {
  std::vector<Scenario> all;
  for (const auto& part : {edge(), web(), postgres(), redis(), celery(), own()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

std::vector<Scenario> baseline() {
  return {steady("", "nginx",
                 with({{"healthd_tls_verify_ok", 1},
                       {"healthd_nginx_connections", 10, {{"state", "waiting"}}},
                       {"healthd_nginx_worker_connections_limit", 1024}},
                      {judge("https", {}), judge("stub_status", {})})),
          steady("", "gunicorn", with({}, {judge("health", {})})),
          steady("", "postgres",
                 with({{"healthd_postgres_oldest_xid_age", 2e8},
                       {"healthd_postgres_deadlocks_total", 1},
                       {"healthd_collector_success", 1, {{"collector", "locks"}}}},
                      {judge("query", {}), judge("connect", {})})),
          steady("", "redis",
                 with({{"healthd_redis_up", 1},
                       {"healthd_redis_write_ok", 1},
                       {"healthd_redis_eviction_policy_safe", 1},
                       {"healthd_redis_evicted_keys_total", 7}},
                      {judge("ping", {}), judge("info", {})})),
          steady("", "celery",
                 with({{"healthd_celery_worker_state", 1, {{"worker", "w1"}, {"state", "healthy"}}},
                       {"healthd_celery_queue_length", 0, {{"queue", "celery"}}}},
                      {judge("replies", {}), judge("workers", {})})),
          steady("", "beat", with({{"healthd_beat_schedulers", 1}}, {judge("tick", {})}))};
}

}  // namespace healthd::test
