// The parts of load.cpp, one per section of the file. Nobody else includes this.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.hpp"

namespace healthd {

/// Reads a name made of the letters that `shape` allows; reports any other, and "" then.
struct NameShape {
  std::string_view allowed;  ///< for people
  bool (*letter)(char);
};
extern const NameShape probe_name;  ///< also a metric label: `[a-z0-9_]`
extern const NameShape plain_name;  ///< `[a-zA-Z0-9_-]`
std::string read_name(Options& options, std::string_view key, const NameShape& shape);

/// An http or https URL without a trailing slash; "" where absent or wrong.
std::string read_base_url(Options& options, std::string_view key);

/// The names that are taken, with a complaint about the second of two.
class UniqueNames {
 public:
  void add(Options& options, const std::string& name);
  bool contains(const std::string& name) const { return names_.contains(name); }
  std::vector<std::string> list() const { return {names_.begin(), names_.end()}; }

 private:
  std::set<std::string> names_;
};

/// The sections `defaults` and `probes`.
void load_probes(Options& root, const KnownNames& known, Config& config, Problems& problems);
/// Reports what `depends_on` names in vain, and circles.
void check_dependencies(const std::vector<ProbeConfig>& probes, const UniqueNames& names, Problems& problems);
void load_receivers(Options& root, const KnownNames& known, Config& config, Problems& problems);
void load_maintenance(Options& root, Config& config, Problems& problems);
void load_watch(Options& root, Config& config, Problems& problems);
AlertsConfig load_alerts_section(Options& root, const KnownNames& known);

}  // namespace healthd
