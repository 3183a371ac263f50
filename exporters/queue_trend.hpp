// How many messages wait in Celery's queues: now, and over the last results.
#pragma once

#include "exporters/html.hpp"
#include "exporters/snapshot.hpp"

namespace healthd {

/// A section with one curve for each probe that counts queues; empty where none does.
Html queue_section(const Snapshot& snapshot);

}  // namespace healthd
