#include "daemon/assembly.hpp"

#include <algorithm>
#include <iostream>
#include <map>

#include "config/load.hpp"
#include "exporters/listen_address.hpp"
#include "exporters/runbooks.hpp"
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

/// Probes that name a broker share its connections: a change of one is a change of all, and so is one of the
/// broker's own probe.
void add_fingerprints(std::vector<BuiltProbe>& probes) {
  std::map<std::string, std::string> own, shared;
  for (auto& built : probes) {
    const auto& config = built.config;
    own[config.name] = config.kind + " " + format_duration(config.interval) + " " +
                       format_duration(config.timeout) + " " + format_duration(config.retry_interval) + " " +
                       config.options.fingerprint();
    if (built.kind->names_a_broker) shared[built.config.options.text("broker")] += own[config.name] + "\n";
  }
  for (auto& built : probes) {
    built.fingerprint = own[built.config.name];
    if (!built.kind->names_a_broker) continue;
    const auto broker = built.config.options.text("broker");
    built.fingerprint += "\n" + own[broker] + "\n" + shared[broker];
  }
}

/// Makes a part, and notes where it takes any certificate.
template <typename Make>
auto make_noting(Assembly& parts, const TlsContexts& tls, UnverifiedView who, Make make) {
  const auto before = tls.unverified();
  auto made = make();
  if (tls.unverified() > before) parts.unverified.push_back(std::move(who));
  return made;
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
        built.probe = make_noting(parts, tls, {"probe", built.config.name},
                                  [&] { return built.kind->make(built.config, workshop); });
  parts.needs = std::move(workshop.needs);
  add_fingerprints(parts.probes);
}

/// Of the redis probes on one server the one for the broker speaks for it, else the one for results.
int speaking_rank(BuiltProbe& built) {
  if (built.config.kind != "redis") return 0;
  const auto roles = built.config.options.texts("role");
  const auto has = [&roles](std::string_view role) { return std::ranges::count(roles, role) > 0; };
  if (has("broker")) return 2;
  return has("results") ? 1 : 0;
}

/// One probe speaks for each server: the first named of the highest rank.
void choose_speakers(std::vector<BuiltProbe>& probes) {
  std::map<std::string, BuiltProbe*> speakers;
  for (auto& built : probes) {
    auto& speaker = speakers[built.config.kind + " " + built.probe->target()];
    const bool takes_over = speaker == nullptr || speaking_rank(built) > speaking_rank(*speaker);
    if (speaker != nullptr && takes_over) speaker->speaks_for_server = false;
    built.speaks_for_server = takes_over;
    if (takes_over) speaker = &built;
  }
}

void build_receivers(Assembly& parts, NotifierTools tools) {
  for (auto& receiver : parts.config.receivers) {
    const auto type = std::ranges::find(receiver_types(), receiver.type, &ReceiverType::name);
    if (type == receiver_types().end()) continue;  // the loader has said so
    auto notifiers = make_noting(parts, tools.tls, {"receiver", receiver.name},
                                 [&] { return type->make(receiver, tools); });
    parts.receivers.push_back(
        {receiver.name, std::move(notifiers), receiver.fallback, receiver.fallback_after, receiver.reminder});
  }
}

/// The alert brings the first steps with it, for whoever reads it where our pages cannot be reached.
void add_first_steps(std::vector<AlertRule>& rules) {
  for (auto& rule : rules) {
    const auto page = std::ranges::find(embedded_runbooks(), rule.runbook, &EmbeddedFile::slug);
    if (page != embedded_runbooks().end()) rule.first_steps = first_steps(page->markdown);
  }
}

}  // namespace

std::shared_ptr<const WebAccess> assemble_web(const std::string& path, Problems& problems) {
  auto access = load_web_access(path);
  for (const auto& problem : access->problems.sorted()) {
    if (problem.severity == Problem::Severity::error)
      problems.error(problem.place, problem.message);
    else
      problems.warning(problem.place, problem.message);
  }
  return access;
}

Assembly assemble_text(std::string_view text, const std::string& name, Resolver& resolver, TlsContexts& tls,
                       Problems& problems) {
  Assembly parts;
  parts.rules = load_alert_rules(built_in_alerts(), "alerts.yaml", problems);
  parts.config = load_config_text(text, name, known_names(parts.rules), problems);
  apply_overrides(parts.config, parts.rules, problems);
  add_first_steps(parts.rules);
  check_web(parts.config);
  build_probes(parts, tls);
  if (!problems.has_errors()) choose_speakers(parts.probes);  // else some may be half built
  const NotifierTools tools{resolver, tls};
  build_receivers(parts, tools);
  if (parts.config.heartbeat.wanted)
    parts.heartbeat = make_noting(parts, tls, {"heartbeat", "heartbeat"},
                                  [&] { return Heartbeat::make(parts.config.heartbeat.options, tools); });
  parts.config.root.finish();
  return parts;
}

Assembly assemble(const std::string& path, Resolver& resolver, TlsContexts& tls, Problems& problems) {
  const auto text = read_text_file(path, problems);
  return text ? assemble_text(*text, path, resolver, tls, problems) : Assembly{};
}

void warn_of_insecure_bind(const Assembly& parts, Problems& problems) {
  const auto& web = parts.config.web;
  const auto address = parse_listen_address(web.listen_address);
  if (!address || web.allow_insecure_bind || !is_insecure(*address, parts.web->file)) return;
  auto root = parts.config.root;
  problems.warning(root.map("web").place("listen_address"), std::string{insecure_bind});
}

bool report_unknown_probes(const Assembly& parts, const std::vector<std::string>& names) {
  std::vector<std::string> known;
  for (const auto& built : parts.probes) known.push_back(built.config.name);
  bool unknown = false;
  for (const auto& name : names) {
    if (std::ranges::find(known, name) != known.end()) continue;
    std::cerr << "no probe is named " << in_quotes(name) << did_you_mean(name, known) << '\n';
    unknown = true;
  }
  return unknown;
}

}  // namespace healthd
