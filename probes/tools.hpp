// All that a probe may touch, and all that building one may need.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <map>
#include <memory>
#include <string>

#include "config/config.hpp"

namespace healthd {

class Resolver;
class TlsContexts;
class Broker;
struct RedisTarget;

/// What a probe works with during a run. Lives as long as every probe.
struct Tools {
  Resolver& resolver;
  boost::asio::any_io_executor postgres;  ///< the loop, on a thread of its own, that all PostgreSQL work runs on
};

/// What is at hand while probes are built (off the event loop; it may block on disk).
struct Workshop {
  TlsContexts& tls;
  std::string stack;
  /// Redis targets by probe name, filled as `redis` probes are built; kinds that name a broker are built after.
  std::map<std::string, RedisTarget> redis = {};
  /// One broker session for all probes that share a broker, by the broker's probe name.
  std::map<std::string, std::shared_ptr<Broker>> brokers = {};
};

}  // namespace healthd
