// The stack as a drawing: clients, Nginx, Gunicorn, then PostgreSQL and Redis, and Celery beneath Redis.
#pragma once

#include "exporters/html.hpp"
#include "exporters/snapshot.hpp"

namespace healthd {

/// Inline SVG. A part that the configuration does not watch is drawn pale, without a state.
Html stack_diagram(const Snapshot& snapshot);

}  // namespace healthd
