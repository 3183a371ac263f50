// Whether we look at the broker with the same settings as the workers.
#pragma once

#include <string>

#include "probes/celery_options.hpp"
#include "probes/net/inspect.hpp"

namespace healthd {

/// The check `settings`, from what the worker `node` says. Up where nothing that it says contradicts ours.
CheckResult compare_settings(const CeleryOptions& ours, int database, const std::string& node,
                             const BrokerView& theirs);

}  // namespace healthd
