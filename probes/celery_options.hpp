// The keys of a `celery` probe.
#pragma once

#include <string>
#include <vector>

#include "config/options.hpp"
#include "probes/net/broker.hpp"

namespace healthd {

/// Tasks of ours that travel through the queues, where the operator wants that.
struct CanaryOptions {
  std::vector<std::string> queues = {};  ///< none: no canary
  Duration interval{60'000};             ///< from one to the next, per queue
  Duration timeout{30'000};              ///< after which one has failed, and is withdrawn
  int result_database = 0;               ///< where the application stores results
};

struct CeleryOptions {
  std::vector<std::string> queues;
  long long expected_workers = 0;  ///< 0: not judged
  Duration visibility_timeout{3'600'000};
  Duration inspect_interval{60'000};  ///< from one look into the workers to the next
  Duration max_wait{600'000};         ///< a message that waits longer is reported
  bool passive = false;               ///< write nothing to the broker, so ask no worker
  ListeningOptions listening;
  CanaryOptions canary;
  CeleryNames names;  ///< the database is the broker's own
};

/// `database`: of the broker, which is where results are unless the options say otherwise.
CeleryOptions read_celery_options(Options& options, int database);

/// Tells everybody on this broker which names and queues the application uses, and what we may do; names that
/// contradict those of an earlier celery probe are an error.
void share_names(Options& options, const CeleryOptions& own, Broker& broker);

}  // namespace healthd
