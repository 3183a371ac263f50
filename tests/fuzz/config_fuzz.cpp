// The configuration, from its bytes to the probes that are built of it. What would touch a disk or a network
// is left out.
#include "config/alerts.hpp"
#include "config/load.hpp"
#include "probes/celery_options.hpp"
#include "probes/kinds.hpp"
#include "probes/workshop.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace healthd {
namespace {

using fuzz::must;

constexpr std::size_t longest_message = 4096;

const KnownNames& known_names() {
  static const KnownNames known = [] {
    KnownNames names{{}, {"alertmanager", "webhook"}, {}};
    for (const auto& kind : probe_kinds()) names.probe_kinds.emplace_back(kind.name);
    Problems problems;
    for (const auto& rule : load_alert_rules(built_in_alerts(), "alerts.yaml", problems))
      names.alerts.push_back(rule.name);
    return names;
  }();
  return known;
}

/// Building a probe reads the files and credentials that are named, and with TLS the system's certificates.
bool stays_off_the_disk(std::string_view text) {
  for (const std::string_view word : {"_file", "credential", "https", "rediss", "tls", "service", "ssl"})
    if (text.find(word) != std::string_view::npos) return false;
  return true;
}

void build_probes(Config& config, std::string_view text) {
  TlsContexts tls;
  Workshop workshop{tls, config.stack};
  const bool whole = stays_off_the_disk(text);
  for (auto& probe : config.probes) {
    const auto* kind = find_kind(probe.kind);
    must(kind != nullptr, "only known kinds are loaded");
    if (kind->names_a_broker) {
      read_celery_options(probe.options, 0);
    } else if (whole) {
      must(kind->make(probe, workshop) != nullptr, "a probe is built whatever its keys");
    }
  }
}

void check_values(const Config& config) {
  must(!config.stack.empty() && !config.probes.empty(), "a good file has a stack and probes");
  for (const auto& probe : config.probes) {
    const auto same_name = [&](const ProbeConfig& other) { return other.name == probe.name; };
    must(std::ranges::count_if(config.probes, same_name) == 1, "names are unique");
    must(probe.timeout.count() > 0 && probe.timeout <= probe.interval, "a run ends before the next begins");
    must(probe.window.failures <= probe.window.of, "a window can be filled");
  }
}

std::string lines(const Problems& problems) {
  std::string text;
  for (const auto& problem : problems.sorted()) {
    must(problem.message.size() <= longest_message && fuzz::is_plain(problem.message),
         "a complaint is one line");
    text += to_string(problem) + "\n";
  }
  return text;
}

std::string check(std::string_view text) {
  Problems problems;
  auto config = load_config_text(text, "fuzz.yaml", known_names(), problems);
  if (!problems.has_errors()) check_values(config);
  build_probes(config, text);
  config.root.finish();
  return lines(problems);
}

}  // namespace
}  // namespace healthd

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = healthd::fuzz::as_text(data, size);
  const auto once = healthd::check(text);
  healthd::fuzz::must(once == healthd::check(text), "the same file has the same problems");
  return 0;
}
