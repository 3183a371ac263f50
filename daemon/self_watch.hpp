// The daemon as a part of the stack that it watches: what it knows of itself, as the result of a probe.
#pragma once

#include <chrono>
#include <vector>

#include "daemon/store.hpp"
#include "exporters/snapshot.hpp"
#include "probes/moment.hpp"
#include "probes/result.hpp"

namespace healthd {

/// How often it looks.
constexpr std::chrono::seconds self_interval{15};

struct SelfFindings {
  std::vector<ReceiverView> receivers;
  StoreState store;
  bool store_wanted = true;
  Histogram scheduler_lag;
  bool blind = false;
  bool config_ok = true;  ///< what runs is what the file says
};

/// Of the probe `healthd`.
Outcome self_outcome(const SelfFindings& findings, Moment now);

/// A probe's last result is a failure, or could not tell: then it may be us.
bool any_fails(const std::vector<ProbeView>& probes);

/// No probe has been well in a run that began after `then`, since when our own connectivity check fails. So
/// the first failure of many is not taken for a fault of its target while the others have not been looked at.
bool nothing_seen_since(const std::vector<ProbeView>& probes, std::chrono::steady_clock::time_point then);

}  // namespace healthd
