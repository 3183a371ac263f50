#include "exporters/metrics.hpp"

#include <prometheus/collectable.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <map>
#include <utility>

#include "exporters/catalogue.hpp"
#include "exporters/families.hpp"
#include "exporters/process_stats.hpp"
#include "exporters/text.hpp"

namespace healthd {
namespace {

constexpr std::array severities{"critical", "warning", "none"};
constexpr std::array alert_states{AlertState::pending, AlertState::firing, AlertState::suppressed};
constexpr std::array failure_reasons{"timeout", "connect", "http_4xx", "http_429", "http_5xx", "rejected"};
constexpr std::array log_levels{"warning", "error"};

std::string label(std::string_view text) { return clean_utf8(text, max_label_bytes); }

template <typename Key>
double count_of(const std::map<Key, std::uint64_t>& counts, const Key& key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : static_cast<double>(found->second);
}

void add_alerts(const Snapshot& snapshot, Families& families) {
  std::map<std::pair<std::string, AlertState>, std::uint64_t> counts;
  for (const Alert& alert : snapshot.alerts) {
    const auto severity = alert.labels.find("severity");
    if (severity != alert.labels.end()) ++counts[{severity->second, alert.state}];
  }
  for (const char* severity : severities) {
    for (const AlertState state : alert_states) {
      families.add("healthd_alerts", count_of(counts, {severity, state}),
                   {{"severity", severity}, {"state", std::string{to_string(state)}}});
    }
  }
}

void add_receivers(const Snapshot& snapshot, Families& families) {
  for (const ReceiverView& receiver : snapshot.receivers) {
    const MetricLabels labels{{"receiver", label(receiver.name)}};
    families.add("healthd_notifications_total", static_cast<double>(receiver.attempts), labels);
    families.add("healthd_notification_queue_length", static_cast<double>(receiver.queue_length), labels);
    families.add("healthd_notification_oldest_unsent_seconds", receiver.oldest_unsent_seconds, labels);
    families.add("healthd_receiver_collapsed_total", static_cast<double>(receiver.collapsed), labels);
    for (const char* reason : failure_reasons) {
      families.add("healthd_notification_failures_total", count_of<std::string>(receiver.failures, reason),
                   labels, {{"reason", reason}});
    }
    if (receiver.last_success_at) {
      families.add("healthd_notification_last_success_timestamp_seconds",
                   unix_seconds(*receiver.last_success_at), labels);
    }
  }
}

void add_judgement(const Snapshot& snapshot, Families& families) {
  families.add("healthd_incidents_total", static_cast<double>(snapshot.incident_count));
  families.add("healthd_silences", static_cast<double>(snapshot.silences.size()));
  families.add("healthd_maintenance", snapshot.maintenances.empty() ? 0 : 1);
  families.add("healthd_monitor_blind", snapshot.blind ? 1 : 0);
  for (const auto& [part, name] : snapshot.unverified)
    families.add("healthd_tls_verification_disabled", 1, {{"part", part}, {"name", label(name)}});
  if (snapshot.store_wanted) families.add("healthd_store_ok", snapshot.store_ok ? 1 : 0);
  if (snapshot.last_persist_at)
    families.add("healthd_last_persist_timestamp_seconds", unix_seconds(*snapshot.last_persist_at));
  const auto& heartbeat = snapshot.heartbeat;
  if (!heartbeat.wanted || heartbeat.successes + heartbeat.failures == 0) return;
  families.add("healthd_heartbeat_success", heartbeat.last_sent ? 1 : 0);
}

void add_counts(const Snapshot& snapshot, Families& families) {
  for (const auto& [key, count] : snapshot.http_requests) {
    families.add("healthd_http_requests_total", static_cast<double>(count),
                 {{"handler", label(key.first)}, {"code", label(key.second)}});
  }
  for (const char* level : log_levels) {
    families.add("healthd_log_messages_total", count_of<std::string>(snapshot.log_messages, level),
                 {{"level", level}});
  }
  auto dropped = snapshot.dropped_series;
  dropped.try_emplace("unknown", 0);
  for (const auto& [metric, count] : dropped) {
    families.add("healthd_dropped_series_total", static_cast<double>(count), {{"metric", label(metric)}});
  }
}

void add_process(Families& families) {
  const ProcessStats stats = read_process_stats();
  const std::array<std::pair<std::string_view, std::optional<double>>, 6> values{
      {{"process_cpu_seconds_total", stats.cpu_seconds},
       {"process_resident_memory_bytes", stats.resident_bytes},
       {"process_virtual_memory_bytes", stats.virtual_bytes},
       {"process_open_fds", stats.open_fds},
       {"process_max_fds", stats.max_fds},
       {"process_start_time_seconds", stats.start_time}}};
  for (const auto& [name, value] : values) {
    if (value) families.add(name, *value);
  }
}

class SnapshotMetrics final : public prometheus::Collectable {
 public:
  explicit SnapshotMetrics(const Snapshot& snapshot) : snapshot_{snapshot} {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    Families families;
    add_probe_metrics(snapshot_, families);
    add_daemon_metrics(snapshot_, families);
    return std::move(families).take();
  }

 private:
  const Snapshot& snapshot_;
};

}  // namespace

void add_daemon_metrics(const Snapshot& snapshot, Families& families) {
  families.add("healthd_build_info", 1,
               {{"version", label(snapshot.version)},
                {"revision", label(snapshot.revision)},
                {"compiler", label(snapshot.compiler)}});
  families.add("healthd_config_last_reload_successful", snapshot.config_last_reload_successful ? 1 : 0);
  if (snapshot.config_last_reload_success_at) {
    families.add("healthd_config_last_reload_success_timestamp_seconds",
                 unix_seconds(*snapshot.config_last_reload_success_at));
  }
  families.add("healthd_scheduler_lag_seconds", snapshot.loop_lag);
  add_alerts(snapshot, families);
  add_receivers(snapshot, families);
  add_judgement(snapshot, families);
  add_counts(snapshot, families);
  add_process(families);
}

std::string render_metrics(const Snapshot& snapshot) {
  const SnapshotMetrics metrics{snapshot};
  const prometheus::TextSerializer serializer;
  return serializer.Serialize(metrics.Collect());
}

}  // namespace healthd
