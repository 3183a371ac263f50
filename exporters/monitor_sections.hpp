// What people should know about the monitor before they believe the page: what is held back by hand, who can
// be told, and how the daemon itself does.
#pragma once

#include "exporters/html.hpp"
#include "exporters/snapshot.hpp"

namespace healthd {

/// Warnings for the top of the page.
void add_notices(Html& main, const Snapshot& snapshot);

/// Silences and maintenance; empty where none is on.
Html lever_section(const Snapshot& snapshot);
Html receiver_section(const Snapshot& snapshot);
Html self_section(const Snapshot& snapshot);

}  // namespace healthd
