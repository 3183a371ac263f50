// What every probe has shown so far: counters for the metrics, times for the pages.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "exporters/snapshot.hpp"
#include "probes/result.hpp"

namespace healthd {

class History {
 public:
  /// `view` carries the probe's identity; its counters start at zero.
  void add(ProbeView view);
  /// All that another history knows of a probe that goes on.
  void go_on(ProbeView view);

  /// `lateness`: start of the run minus its slot.
  void on(const Outcome& outcome, std::chrono::nanoseconds lateness);
  void skipped(const std::string& probe, std::uint64_t slots);
  /// Its loop had ended, or hung.
  void restarted(const std::string& probe) { ++find(probe).restarts; }
  /// The damped state after an outcome.
  void set_state(const std::string& probe, Status state, std::chrono::system_clock::time_point at);

  const std::vector<ProbeView>& probes() const { return probes_; }
  const ProbeView& probe(const std::string& name) const { return probes_[index_.at(name)]; }
  /// Every probe has ended a run.
  bool complete() const;

 private:
  ProbeView& find(const std::string& name) { return probes_[index_.at(name)]; }

  std::vector<ProbeView> probes_;  ///< in the order of the configuration
  std::map<std::string, std::size_t> index_;
};

/// The worse of two: down, then unknown, degraded, up.
Status worse(Status left, Status right);

/// The components in the order of their first probe, each with the worst of its probes' states.
std::vector<ComponentView> components_of(const std::vector<ProbeView>& probes);

}  // namespace healthd
