// For each alert of the catalogue: what a probe says over time that makes it fire, in the words of both
// judges.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/alerts.hpp"
#include "probes/result.hpp"

namespace healthd::test {

/// One probe, looked at every 15 s. A series is written as it stands on /metrics.
struct Scenario {
  std::string alert;  ///< that is to fire, and no other
  std::string component, kind, probe;
  /// What the run that ends `seconds` after the start says.
  std::function<ProbeResult(int seconds)> result;
  double took = 0.1;             ///< of each run, in seconds
  std::string label_value = {};  ///< of the alert's own label
  int silent_after = 1 << 30;    ///< seconds; the probe brings nothing any more
  int minutes = 0;               ///< until it fires; 0: the rule's `for` and a little
};

std::vector<Scenario> scenarios();

/// Everything is well, and everything is reported.
std::vector<Scenario> baseline();

}  // namespace healthd::test
