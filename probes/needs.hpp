// What each configured probe must be allowed on its target, told by the probe itself when it is built: the
// source of `grants`.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "probes/net/postgres.hpp"
#include "probes/net/redis.hpp"

namespace healthd {

/// What a PostgreSQL probe does there, beyond logging in to the database of its target.
struct PostgresNeeds {
  std::string probe;
  PostgresTarget target;
  int connections = 0;                                      ///< at most, at the same time
  std::set<std::string> memberships = {};                   ///< predefined roles, such as pg_monitor
  std::map<std::string, std::set<std::string>> reads = {};  ///< table -> columns; no columns: the whole table
  bool reads_sequences = false;  ///< each of the schema public; takes no USAGE on it
};

/// What a probe does on a Redis, in the words of an ACL.
struct RedisNeeds {
  std::string probe;
  RedisTarget target;
  std::set<std::string> commands = {};  ///< `ping`, `client|setname`
  std::set<std::string> reads = {};     ///< key patterns, such as `unacked*`
  std::set<std::string> writes = {};    ///< key patterns; they are read, too
  std::set<std::string> channels = {};  ///< patterns of channels that are subscribed to or published on
};

struct Needs {
  std::vector<PostgresNeeds> postgres = {};
  std::vector<RedisNeeds> redis = {};
};

}  // namespace healthd
