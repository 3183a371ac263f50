// One loop per probe: runs never overlap, a slow one skips slots, and nothing is caught up after a pause.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "config/duration.hpp"
#include "daemon/schedule.hpp"
#include "probes/probe.hpp"

namespace healthd {

struct ScheduledProbe;
struct Run;
/// Takes the run; returns whether the probe should look again soon.
using RunSink = std::function<bool(Run run)>;

/// Makes a probe look at once instead of at its next slot.
class Nudge {
 public:
  /// Nothing happens while it is looking already.
  void now();

 private:
  friend asio::awaitable<void> watch(const ScheduledProbe& probe, std::string identity, Tools& tools,
                                     const RunSink& sink);
  asio::steady_timer* waiting_ = nullptr;  ///< of the loop, while it waits for its slot
  bool early_ = false;
};

struct ScheduledProbe {
  std::string name;
  Duration interval{}, timeout{}, retry_interval{};
  std::unique_ptr<Probe> probe;
  std::unique_ptr<Nudge> nudge = std::make_unique<Nudge>();
  /// When it began or ended a run; before the first one, when it was made.
  using Time = std::chrono::steady_clock::time_point;
  std::unique_ptr<Time> last_sign = std::make_unique<Time>(std::chrono::steady_clock::now());
};

/// Its loop does not go on.
bool is_stuck(const ScheduledProbe& probe, ScheduledProbe::Time now);

/// What a run came to; where it goes is the caller's business.
struct Run {
  Outcome outcome;
  std::chrono::nanoseconds lateness{};  ///< start minus slot
  std::uint64_t skipped = 0;            ///< slots that passed while the run before was going on
};
/// Runs until it is cancelled. `identity` seeds the phase.
asio::awaitable<void> watch(const ScheduledProbe& probe, std::string identity, Tools& tools,
                            const RunSink& sink);

}  // namespace healthd
