#include "probes/probe.hpp"

namespace healthd {

asio::awaitable<void> Probe::listen(Tools&) { co_return; }

}  // namespace healthd
