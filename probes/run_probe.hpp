// One probe, one deadline, one outcome, whatever happens inside.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "probes/probe.hpp"

namespace healthd {

/// Runs `probe` once within `timeout`. An exception becomes `internal`; a run that outlasts its deadline by
/// more than a grace of 200 ms is cancelled and becomes `timeout`. Throws only when we are being stopped.
asio::awaitable<Outcome> run_probe(Probe& probe, std::string name, Duration timeout, Tools& tools);

/// Awaits one check of a probe under the run's deadline; a deadline that comes first becomes the failure of
/// the phase the trace is in.
asio::awaitable<Failure> guarded(asio::awaitable<Failure> check, Trace& trace, Deadline deadline);

}  // namespace healthd
