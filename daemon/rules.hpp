// The alert catalogue in other people's words: rules for Prometheus, inhibition for Alertmanager. Pure.
#pragma once

#include <string>
#include <vector>

#include "config/alerts.hpp"

namespace healthd {

struct RulesContext {
  std::string stack;
  std::string runbook_base_url;     ///< `.../runbooks`
  std::string dashboard_base_url;   ///< "" : no dashboard link
  Duration interval{15'000};        ///< of the probes; a window of failures becomes a `for` of two
  std::vector<std::string> silent;  ///< probes that do not speak for their server
  bool self_only = false;           ///< only what the daemon cannot say itself, and what it says of itself
};

/// A rule file. Its alerts have the labels that the daemon's own have; the exception is HealthdDown, which
/// keeps `instance`.
std::string prometheus_rules(const std::vector<AlertRule>& rules, const RulesContext& context);

/// `inhibit_rules` from the dependency graph and from what explains what.
std::string alertmanager_rules(const std::vector<AlertRule>& rules);

}  // namespace healthd
