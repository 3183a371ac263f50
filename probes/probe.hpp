// A probe asks one target one question, over and over.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "config/config.hpp"
#include "probes/deadline.hpp"
#include "probes/result.hpp"
#include "probes/tools.hpp"
#include "probes/trace.hpp"

namespace healthd {

namespace asio = boost::asio;

struct Workshop;

class Probe {
 public:
  virtual ~Probe() = default;

  /// One run. Everything that can go wrong at the target is a value; a throw means a bug, or that we are
  /// being stopped. Each network step is awaited under `deadline`, so a run ends by itself soon after it.
  /// Runs of one probe never overlap. `trace` collects the phases.
  virtual asio::awaitable<ProbeResult> run(Tools& tools, Trace& trace, Deadline deadline) = 0;

  /// What goes on beside the runs for as long as the daemon watches: listening. Ends at once where there is
  /// nothing to do, and otherwise when it is cancelled. A `probe` command runs without it. Both happen on the
  /// same loop.
  virtual asio::awaitable<void> listen(Tools& tools);

  /// `host:port` or the socket's path: no user, no password, no query.
  virtual std::string target() const = 0;
};

/// Builds a probe of one kind from its own keys; problems go to the options' Problems, and the probe is then
/// never run.
using MakeProbe = std::unique_ptr<Probe> (*)(ProbeConfig& config, Workshop& workshop);

}  // namespace healthd
