// Times the phases of one run. It outlives a cancelled check, so a timeout still knows where it happened.
#pragma once

#include <chrono>
#include <optional>

#include "probes/result.hpp"

namespace healthd {

class Trace {
 public:
  /// Enters `phase`; the previous one ends. Entering a phase again adds to its time.
  void enter(Phase phase);
  /// Ends the current phase, if any.
  void leave();
  /// Adds phases that were timed elsewhere: on another loop, or beside this run.
  void add(const Phases& phases);

  std::optional<Phase> current() const { return current_; }
  const Phases& phases() const { return phases_; }

 private:
  Phases phases_;
  std::optional<Phase> current_;
  std::chrono::steady_clock::time_point since_;
};

/// The reason a deadline stands for when it came in this phase: a name that did not resolve, a connection
/// that was not accepted, or a peer that is frozen.
Failure timed_out(const Trace& trace);

}  // namespace healthd
