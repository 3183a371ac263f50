// What an alert of the catalogue looks at, as written there: a map with one key, the kind.
#pragma once

#include "config/alerts.hpp"

namespace healthd {

/// Reads `signal` of one row, for example `signal: {ratio: {metric: A, of: B, minus: C}}`.
Signal read_signal(Options& rule);

}  // namespace healthd
