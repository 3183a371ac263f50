// From a configuration file to finished parts: probes, receivers, rules. Shared by every verb, so that what
// `check-config` accepts is what `run` runs.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/alerts.hpp"
#include "config/config.hpp"
#include "daemon/dispatcher.hpp"
#include "exporters/heartbeat.hpp"
#include "probes/kinds.hpp"
#include "probes/needs.hpp"
#include "probes/net/resolve.hpp"
#include "probes/net/tls.hpp"

namespace healthd {

struct BuiltProbe {
  ProbeConfig config;
  std::string fingerprint;  ///< equal: a reload leaves the running probe as it is
  const Kind* kind = nullptr;
  std::unique_ptr<Probe> probe;
  bool speaks_for_server = true;  ///< see WatchedProbe
};

struct Assembly {
  Config config;
  std::vector<AlertRule> rules;  ///< with the site's overrides; without those it disabled
  std::vector<BuiltProbe> probes;
  std::vector<Receiver> receivers;
  std::optional<Heartbeat> heartbeat;
  Needs needs;  ///< of the probes
};

/// Blocks on disk. Where `problems` has errors, the parts must not be used. `problems` must outlive them.
Assembly assemble(const std::string& path, Resolver& resolver, TlsContexts& tls, Problems& problems);
/// As if a file of that name held the text.
Assembly assemble_text(std::string_view text, const std::string& name, Resolver& resolver, TlsContexts& tls,
                       Problems& problems);

/// Prints, to standard error, which of `names` no probe has, and what they may have meant; false where there
/// are none.
bool report_unknown_probes(const Assembly& parts, const std::vector<std::string>& names);

}  // namespace healthd
