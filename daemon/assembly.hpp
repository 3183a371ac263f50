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
#include "exporters/snapshot.hpp"
#include "exporters/web_door.hpp"
#include "probes/kinds.hpp"
#include "probes/needs.hpp"
#include "probes/net/resolve.hpp"
#include "probes/net/tls.hpp"

namespace healthd {

/// What is said of it, here and at each start.
constexpr std::string_view insecure_bind =
    "other hosts reach this address, and there is no TLS with a login (--web.config.file); where something "
    "else "
    "guards it, say web.allow_insecure_bind: true";

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
  std::vector<UnverifiedView> unverified;
  std::shared_ptr<const WebAccess> web;  ///< of the web file
  Needs needs;                           ///< of the probes
};

/// Of the file `--web.config.file`, whose problems join the others. Blocks on disk.
std::shared_ptr<const WebAccess> assemble_web(const std::string& path, Problems& problems);

/// Blocks on disk. Where `problems` has errors, the parts must not be used. `problems` must outlive them.
Assembly assemble(const std::string& path, Resolver& resolver, TlsContexts& tls, Problems& problems);
/// As if a file of that name held the text.
Assembly assemble_text(std::string_view text, const std::string& name, Resolver& resolver, TlsContexts& tls,
                       Problems& problems);

/// A warning where the configured listen address lets other hosts in without TLS and a login, and the
/// configuration does not say that it is meant so.
void warn_of_insecure_bind(const Assembly& parts, Problems& problems);

/// Prints, to standard error, which of `names` no probe has, and what they may have meant; false where there
/// are none.
bool report_unknown_probes(const Assembly& parts, const std::vector<std::string>& names);

}  // namespace healthd
