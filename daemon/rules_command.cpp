// Prints the catalogue, as this site has it, for Prometheus or Alertmanager.
#include <algorithm>
#include <iostream>

#include "daemon/assembly.hpp"
#include "daemon/commands.hpp"
#include "daemon/links.hpp"
#include "daemon/loops.hpp"
#include "daemon/rules.hpp"

namespace healthd {
namespace {

/// Rules have one `for`: it follows the probe that looks least often.
Duration slowest(const Assembly& parts) {
  Duration interval{0};
  for (const auto& built : parts.probes) interval = std::max(interval, built.config.interval);
  return interval;
}

}  // namespace

int rules(const Settings& settings, const RulesRequest& request) {
  Loops loops;
  TlsContexts tls;
  Problems problems;
  const auto parts = assemble(settings.config_file, loops.resolver(), tls, problems);
  loops.stop_postgres();
  for (const auto& problem : problems.sorted()) std::cerr << to_string(problem) << '\n';
  if (problems.has_errors()) return exit_code::failed;
  if (request.for_alertmanager) {
    std::cout << alertmanager_rules(parts.rules);
    return exit_code::ok;
  }
  const auto links = links_for(settings, parts.config);
  RulesContext context;
  context.stack = parts.config.stack;
  context.runbook_base_url =
      request.runbook_base_url.empty() ? links.runbook_base_url : request.runbook_base_url;
  context.dashboard_base_url = links.dashboard_base_url;
  context.interval = slowest(parts);
  context.self_only = request.self_only;
  for (const auto& built : parts.probes)
    if (!built.speaks_for_server) context.silent.push_back(built.config.name);
  std::cout << prometheus_rules(parts.rules, context);
  return exit_code::ok;
}

}  // namespace healthd
