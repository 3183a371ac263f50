// All that building a probe may need.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "probes/needs.hpp"
#include "probes/net/redis.hpp"
#include "probes/net/tls.hpp"

namespace healthd {

class Broker;

/// What is at hand while probes are built (off the event loop; it may block on disk).
struct Workshop {
  TlsContexts& tls;
  std::string stack;
  /// Redis targets by probe name, filled as `redis` probes are built; kinds that name a broker are built
  /// after.
  std::map<std::string, RedisTarget> redis = {};
  /// Addresses that a probe listens on.
  std::set<std::string> listening = {};
  /// What every probe needs to be allowed; each adds its own.
  Needs needs = {};
  /// One broker session for all probes that share a broker, by the broker's probe name.
  std::map<std::string, std::shared_ptr<Broker>> brokers = {};
};

}  // namespace healthd
