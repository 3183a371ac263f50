// One loop per probe: runs never overlap, a slow one skips slots, and nothing is caught up after a pause.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>

#include "config/duration.hpp"
#include "daemon/schedule.hpp"
#include "probes/probe.hpp"

namespace healthd {

struct ScheduledProbe {
  std::string name;
  Duration interval{}, timeout{}, retry_interval{};
  std::unique_ptr<Probe> probe;
};

/// What a run came to; where it goes is the caller's business.
struct Run {
  Outcome outcome;
  std::chrono::nanoseconds lateness{};  ///< start minus slot
  std::uint64_t skipped = 0;            ///< slots that passed while the run before was going on
};
/// Takes the run; returns whether the probe should look again soon.
using RunSink = std::function<bool(Run run)>;

/// Runs until it is cancelled. `identity` seeds the phase.
asio::awaitable<void> watch(const ScheduledProbe& probe, std::string identity, Tools& tools,
                            const RunSink& sink);

}  // namespace healthd
