// One rule that reads result after result, for tests of signals that look back over a window.
#pragma once

#include "tests/unit/daemon/engine_bench.hpp"

namespace healthd::test {

inline AlertRule windowed_rule(Signal::Kind kind, Duration over) {
  auto made = rule("PostgresDeadlocks", "redis", kind);
  made.signal.metric = "counted";
  made.signal.over = over;
  made.above = 3;
  return made;
}

/// Feeds one rule, and keeps what it remembers.
class Reader {
 public:
  explicit Reader(AlertRule rule) : rule_{std::move(rule)} {}

  std::vector<Reading> see(std::chrono::seconds at, std::vector<Sample> samples) {
    return read_signal(rule_, outcome("cache", at, {judge("ping", {})}, std::move(samples)), memory_);
  }
  std::vector<Reading> see(const Outcome& outcome) { return read_signal(rule_, outcome, memory_); }
  const SignalMemory& memory() const { return memory_; }

 private:
  AlertRule rule_;
  SignalMemory memory_;
};

inline std::vector<Sample> counted(double value) { return {{"counted", value}}; }

}  // namespace healthd::test
