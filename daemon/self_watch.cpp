#include "daemon/self_watch.hpp"

#include <algorithm>

namespace healthd {
namespace {

void add_receiver(const ReceiverView& view, ProbeResult& result) {
  const Labels labels{{"receiver", view.name}};
  result.samples.push_back({"healthd_notifications_total", static_cast<double>(view.attempts), labels});
  result.samples.push_back(
      {"healthd_notification_oldest_unsent_seconds", view.oldest_unsent_seconds, labels});
  // From zero on: the first failure is a rise as well.
  for (const auto* reason : {"timeout", "connect", "http_4xx", "http_429", "http_5xx", "rejected"}) {
    auto both = labels;
    both.emplace_back("reason", reason);
    const auto count = view.failures.find(reason);
    const double value = count == view.failures.end() ? 0 : static_cast<double>(count->second);
    result.samples.push_back({"healthd_notification_failures_total", value, both});
  }
}

}  // namespace

Outcome self_outcome(const SelfFindings& findings, Moment now) {
  Outcome outcome;
  outcome.probe = "healthd";
  outcome.at = now.wall;
  outcome.steady_at = now.steady;
  auto& result = outcome.result;
  result.status = Status::up;
  result.samples.push_back({"healthd_config_last_reload_successful", findings.config_ok ? 1.0 : 0.0});
  result.samples.push_back({"healthd_monitor_blind", findings.blind ? 1.0 : 0.0});
  const bool kept = findings.store.mode == StoreState::Mode::disk;
  if (findings.store_wanted) result.samples.push_back({"healthd_store_ok", kept ? 1.0 : 0.0});
  if (!findings.store.trouble.empty()) result.evidence.emplace_back("state file", findings.store.trouble);
  for (const auto& view : findings.receivers) add_receiver(view, result);
  result.histograms.push_back({"healthd_scheduler_lag_seconds", findings.scheduler_lag});
  return outcome;
}

bool any_fails(const std::vector<ProbeView>& probes) {
  return std::ranges::any_of(probes, [](const ProbeView& probe) {
    if (!probe.last) return false;
    const auto& result = probe.last->result;
    return result.status == Status::down || (result.status == Status::unknown && !result.waiting);
  });
}

bool nothing_seen_since(const std::vector<ProbeView>& probes, std::chrono::steady_clock::time_point then) {
  return std::ranges::none_of(probes, [then](const ProbeView& probe) {
    if (!probe.last || probe.last->steady_at - probe.last->took < then) return false;
    const auto status = probe.last->result.status;
    return status == Status::up || status == Status::degraded;
  });
}

}  // namespace healthd
