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
};

/// Of the probe `healthd`.
Outcome self_outcome(const SelfFindings& findings, Moment now);

/// Every probe's last result is a failure, or could not tell. Alone that may still be the stack.
bool all_fail(const std::vector<ProbeView>& probes);

}  // namespace healthd
