// How long the certificates that targets show are valid.
#pragma once

#include "exporters/html.hpp"
#include "exporters/snapshot.hpp"

namespace healthd {

/// A section with the certificate of each probe whose last result saw one; empty where none did.
Html certificate_section(const Snapshot& snapshot);

}  // namespace healthd
