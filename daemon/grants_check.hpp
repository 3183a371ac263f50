// Compares the accounts as they are with what the probes need. Changes nothing on the servers.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "config/secret.hpp"
#include "daemon/grants_accounts.hpp"
#include "daemon/grants_findings.hpp"
#include "probes/deadline.hpp"
#include "probes/net/redis.hpp"
#include "probes/net/resolve.hpp"

namespace healthd {

/// Logs in to one database of the account and reads the catalogue. Blocks, and may do so for as long as a
/// frozen server likes: let somebody else watch the clock.
Findings check_postgres(const PostgresAccount& account, const std::string& database);

/// Logs in by `login`, one of the account's, and tries commands. Those that would change something are only
/// tried in a way in which Redis refuses them after it has looked at the rights. `login` and `account` are
/// used until the end.
boost::asio::awaitable<Findings> check_redis(Resolver& resolver, const RedisAccount& account,
                                             const RedisTarget& login, Deadline deadline);

/// libpq's text on one line, without the password.
std::string cleaned_error(std::string text, const Secret& password);

}  // namespace healthd
