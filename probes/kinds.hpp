// The table of probe kinds: adding one is a source, a line here, a CMake line, a test and a stanza in the
// sample.
#pragma once

#include <span>
#include <string_view>

#include "probes/probe.hpp"

namespace healthd {

struct Kind {
  std::string_view name;
  std::string_view component;  ///< of the stack; a metric label
  MakeProbe make;
  bool names_a_broker = false;  ///< built after the `redis` probes
};

std::span<const Kind> probe_kinds();
/// nullptr for a name that is not in the table.
const Kind* find_kind(std::string_view name);

std::unique_ptr<Probe> make_nginx(ProbeConfig& config, Workshop& workshop);
std::unique_ptr<Probe> make_gunicorn(ProbeConfig& config, Workshop& workshop);
std::unique_ptr<Probe> make_postgres(ProbeConfig& config, Workshop& workshop);
std::unique_ptr<Probe> make_redis(ProbeConfig& config, Workshop& workshop);
std::unique_ptr<Probe> make_celery(ProbeConfig& config, Workshop& workshop);
std::unique_ptr<Probe> make_beat(ProbeConfig& config, Workshop& workshop);

}  // namespace healthd
