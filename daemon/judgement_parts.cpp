#include "daemon/judgement_parts.hpp"

#include <ctime>

#include "daemon/links.hpp"
#include "daemon/self_watch.hpp"

namespace healthd {
namespace {

std::vector<WatchedProbe> watched(const Assembly& parts) {
  std::vector<WatchedProbe> all;
  for (const auto& built : parts.probes) {
    const auto& config = built.config;
    all.push_back({config.name, parts.config.stack, std::string{built.kind->component}, config.kind,
                   built.probe->target(), config.interval, config.timeout, config.window,
                   built.speaks_for_server});
  }
  WatchedProbe self;
  self.name = self.component = self.kind = self.target = "healthd";
  self.stack = parts.config.stack;
  self.interval = self_interval;
  self.timeout = self_interval;
  self.window = parts.config.window;
  all.push_back(std::move(self));
  return all;
}

/// What a probe needs, as the graph wants to know it.
Dependencies dependencies(Assembly& parts) {
  std::vector<Dependent> all;
  for (auto& built : parts.probes) {
    const bool names_broker = built.kind->names_a_broker;
    all.push_back({built.config.name, built.config.kind,
                   names_broker ? built.config.options.text("broker") : "",
                   built.config.depends_on ? &*built.config.depends_on : nullptr});
  }
  return Dependencies{all};
}

/// How long the host has been up, suspended or not.
std::chrono::seconds host_uptime() {
  timespec spent{};
  if (::clock_gettime(CLOCK_BOOTTIME, &spent) != 0) return std::chrono::seconds::max();
  return std::chrono::seconds{spent.tv_sec};
}

}  // namespace

JudgementParts judgement_parts(const Settings& settings, Assembly& parts) {
  const auto started = std::chrono::system_clock::now() - host_uptime();
  return {.stack = parts.config.stack,
          .rules = parts.rules,
          .probes = watched(parts),
          .links = links_for(settings, parts.config, parts.web && parts.web->file.tls),
          .dependencies = dependencies(parts),
          .boot_grace_until = started + parts.config.alerts.boot_grace,
          .receivers = std::move(parts.receivers),
          .routes = parts.config.routes,
          .maintenance = parts.config.maintenance};
}

}  // namespace healthd
