#include "daemon/assembly.hpp"

#include <algorithm>
#include <map>

#include "config/load.hpp"
#include "exporters/listen_address.hpp"
#include "probes/net/redis.hpp"
#include "probes/workshop.hpp"

namespace healthd {
namespace {

KnownNames known_names(const std::vector<AlertRule>& rules) {
  KnownNames known;
  for (const auto& kind : probe_kinds()) known.probe_kinds.emplace_back(kind.name);
  for (const auto& type : receiver_types()) known.receiver_types.emplace_back(type.name);
  for (const auto& rule : rules) known.alerts.push_back(rule.name);
  return known;
}

void apply_overrides(const Config& config, std::vector<AlertRule>& rules, Problems& problems) {
  for (auto& rule : rules) {
    const auto found = config.alerts.overrides.find(rule.name);
    if (found == config.alerts.overrides.end()) continue;
    const auto& change = found->second;
    if (change.hold) {
      if (rule.windowed)
        problems.error(change.place, rule.name + " fires by the probe's thresholds: it has no `for`");
      rule.hold = *change.hold;
    }
    if (!change.threshold) continue;
    if (!rule.above && !rule.below) problems.error(change.place, rule.name + " has no threshold");
    if (rule.above) rule.above = change.threshold;
    if (rule.below) rule.below = change.threshold;
  }
  std::erase_if(rules, [&config](const AlertRule& rule) {
    const auto found = config.alerts.overrides.find(rule.name);
    return found != config.alerts.overrides.end() && !found->second.enabled.value_or(true);
  });
}

void check_web(Config& config) {
  if (parse_listen_address(config.web.listen_address)) return;
  config.root.map("web").error("listen_address", "listen_address: expected an address and a port, such as " +
                                                     Config{}.web.listen_address);
}

void build_probes(Assembly& parts, TlsContexts& tls) {
  Workshop workshop{tls, parts.config.stack};
  for (auto& probe : parts.config.probes) {
    BuiltProbe built;
    built.kind = find_kind(probe.kind);
    built.config = probe;
    if (built.kind != nullptr) parts.probes.push_back(std::move(built));
  }
  for (const bool names_a_broker : {false, true})
    for (auto& built : parts.probes)
      if (built.kind->names_a_broker == names_a_broker)
        built.probe = built.kind->make(built.config, workshop);
}

bool is_broker(BuiltProbe& built) {
  return std::ranges::count(built.config.options.texts("role"), "broker") > 0;
}

/// Of the probes that share a server, the one for the broker speaks for it, else the first named.
void choose_speakers(std::vector<BuiltProbe>& probes) {
  std::map<std::string, BuiltProbe*> speakers;
  for (auto& built : probes) {
    auto& speaker = speakers[std::string{built.kind->name} + " " + built.probe->target()];
    if (speaker != nullptr && (is_broker(*speaker) || !is_broker(built))) {
      built.speaks_for_server = false;
      continue;
    }
    if (speaker != nullptr) speaker->speaks_for_server = false;
    speaker = &built;
  }
}

void build_receivers(Assembly& parts, NotifierTools tools) {
  for (auto& receiver : parts.config.receivers) {
    const auto type = std::ranges::find(receiver_types(), receiver.type, &ReceiverType::name);
    if (type == receiver_types().end()) continue;  // the loader has said so
    parts.receivers.push_back(Receiver{receiver.name, type->make(receiver, tools)});
  }
}

}  // namespace

Assembly assemble(const std::string& path, Resolver& resolver, TlsContexts& tls, Problems& problems) {
  Assembly parts;
  parts.rules = load_alert_rules(built_in_alerts(), "alerts.yaml", problems);
  parts.config = load_config(path, known_names(parts.rules), problems);
  apply_overrides(parts.config, parts.rules, problems);
  check_web(parts.config);
  build_probes(parts, tls);
  if (!problems.has_errors()) choose_speakers(parts.probes);  // else some may be half built
  build_receivers(parts, NotifierTools{resolver, tls});
  parts.config.root.finish();
  return parts;
}

}  // namespace healthd
