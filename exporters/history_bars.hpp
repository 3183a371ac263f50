// A probe's last results as a row of bars, the newest on the right.
#pragma once

#include <string>

#include "exporters/html.hpp"
#include "exporters/snapshot.hpp"
#include "exporters/text.hpp"

namespace healthd {

/// `88 up, 2 down`; "" for no results.
std::string history_in_words(const PastResults& past);

/// Inline SVG. The height of a bar says the state as well as its colour does.
Html history_bars(const PastResults& past, WallTime now);

}  // namespace healthd
