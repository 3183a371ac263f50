// The keys of a `celery` probe.
#pragma once

#include <string>
#include <vector>

#include "config/options.hpp"
#include "probes/net/broker.hpp"

namespace healthd {

struct CeleryOptions {
  std::vector<std::string> queues;
  long long expected_workers = 0;  ///< 0: not judged
  Duration visibility_timeout{3'600'000};
  bool passive = false;  ///< write nothing to the broker, so ask no worker
  CeleryNames names;     ///< the database is the broker's own
};

CeleryOptions read_celery_options(Options& options);

/// Tells everybody on this broker which names and queues the application uses; names that contradict those of
/// an earlier celery probe are an error.
void share_names(Options& options, const CeleryOptions& own, Broker& broker);

}  // namespace healthd
