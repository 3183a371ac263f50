// Whether this process can reach anything at all. When every target fails, that tells an outage of the stack
// from our own blindness.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

#include "probes/deadline.hpp"
#include "probes/net/dial.hpp"
#include "probes/net/resolve.hpp"

namespace healthd {

/// One of `endpoints` takes a connection, which is closed at once. Cancellable; ends by `deadline`.
asio::awaitable<bool> any_reachable(Resolver& resolver, std::vector<Endpoint> endpoints, Deadline deadline);

}  // namespace healthd
