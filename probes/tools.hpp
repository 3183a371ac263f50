// All that a probe may touch during a run.
#pragma once

#include <boost/asio/any_io_executor.hpp>

namespace healthd {

class Resolver;

/// What a probe works with during a run. Lives as long as every probe.
struct Tools {
  Resolver& resolver;
  /// The loop, on a thread of its own, that all PostgreSQL work runs on.
  boost::asio::any_io_executor postgres;
};

}  // namespace healthd
