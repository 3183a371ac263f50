// The page that a person on call opens first.
#pragma once

#include <string>

#include "exporters/snapshot.hpp"

namespace healthd {

std::string render_status_page(const Snapshot& snapshot);

}  // namespace healthd
