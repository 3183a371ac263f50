// From what each probe needs to the accounts that must exist: probes that log in as the same role or user of
// the same server share one.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "probes/needs.hpp"

namespace healthd {

/// The account that we propose where probes log in to Redis as everybody.
constexpr std::string_view proposed_redis_user = "healthd";

using ProbeNames = std::set<std::string>;

struct TableAccess {
  std::set<std::string> columns;  ///< empty: the whole table
  ProbeNames probes;
};

struct PostgresDatabase {
  PostgresTarget target;  ///< one by which to log in
  ProbeNames probes;
  std::map<std::string, TableAccess> tables;
  ProbeNames sequence_readers;  ///< who reads the sequences of the schema public
};

struct PostgresAccount {
  std::string server;  ///< `host:port` or the socket; each name of it that the probes use
  std::string role;
  ProbeNames probes;
  int connections = 0;  ///< of all probes together
  std::map<std::string, ProbeNames> memberships;
  std::map<std::string, PostgresDatabase> databases;

  /// What the role's limit should be: room for two daemons, as while one takes over from the other, and for a
  /// person beside them.
  int connection_limit() const;
};

struct RedisAccount {
  std::string server;
  std::string user;  ///< the proposed one where probes log in as everybody
  ProbeNames probes;
  ProbeNames by_default_user;  ///< those that log in without a name
  std::map<std::string, ProbeNames> commands, reads, writes, channels;
  std::vector<RedisTarget> logins;  ///< one for each name that is used
  std::set<int> databases;
};

std::vector<PostgresAccount> postgres_accounts(const Needs& needs);
std::vector<RedisAccount> redis_accounts(const Needs& needs);

/// The value of a keyword of the dsn; "" where it has none.
std::string keyword(const PostgresTarget& target, std::string_view name);

std::string joined(const ProbeNames& names);

}  // namespace healthd
