// File -> Config: the shape, the cross-checks, every problem at once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "config/problem.hpp"

namespace healthd {

/// What the loader must know of the other rooms to check names.
struct KnownNames {
  std::vector<std::string> probe_kinds;
  std::vector<std::string> receiver_types;
  std::vector<std::string> alerts;
};

/// The parts of a stack that alerts, routes, maintenance and metrics speak of.
const std::vector<std::string>& components();

/// An http or https URL without user, query or fragment: what links may begin with.
bool is_base_url(std::string_view text);

/// Reads the file (blocks on disk). The caller builds probes and notifiers, which read their own options, and
/// then calls `config.root.finish()`, which reports every key that nobody read. `problems` must outlive that.
/// A file that is no YAML at all gives an empty Config. Probes and receivers of an unknown kind are reported
/// and left out.
Config load_config(const std::string& path, const KnownNames& known, Problems& problems);
Config load_config_text(std::string_view text, const std::string& name, const KnownNames& known,
                        Problems& problems);

}  // namespace healthd
