// One PostgreSQL session over libpq's non-blocking interface. A session lives and dies on the PostgreSQL
// loop; only reading the configuration happens elsewhere.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/options.hpp"
#include "config/secret.hpp"
#include "probes/net/outcome.hpp"
#include "probes/trace.hpp"

struct pg_conn;

namespace healthd {

class PgWire;

namespace asio = boost::asio;

/// Where a PostgreSQL server is and how to log in.
struct PostgresTarget {
  std::string host;     ///< a name, an address, or the folder of a Unix socket
  std::string address;  ///< to resolve instead of the host (`hostaddr` of the dsn); "" : the host itself
  std::uint16_t port = 5432;
  std::vector<std::pair<std::string, std::string>> keywords;  ///< for libpq, without addresses and password
  Secret password;

  bool is_unix() const { return host.starts_with('/'); }
};
std::string to_string(const PostgresTarget& target);  ///< `host:port`, or the socket's path

/// Reads `dsn` (libpq's `key=value` form or a URI, without a password) and `password_file`/`credential`. The
/// server is told to end a statement after `timeout`, so nothing of ours goes on there once we have given up;
/// a peer that acknowledges nothing for twice as long is gone.
PostgresTarget read_postgres_target(Options& options, Duration timeout);

using PgRow = std::vector<std::optional<std::string>>;
using PgRows = std::vector<PgRow>;

class PgSession {
 public:
  PgSession(pg_conn* connected, std::unique_ptr<PgWire> wire);
  ~PgSession();

  /// Runs one statement to its end, unable to write; more than 1000 rows or 1 MiB are `too_large`.
  /// Cancellable: a session that was left in the middle of an answer stays usable, and the next query first
  /// waits for the old one to end.
  asio::awaitable<Result<PgRows>> query(std::string sql);

  /// Nothing more can come over this connection.
  bool broken() const;

  /// What we sent was sent again, and still nobody acknowledges it: the peer has vanished. One that is merely
  /// frozen still acknowledges.
  bool unacknowledged() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct PgConnection {
  std::unique_ptr<PgSession> session;  ///< nullptr: see `failure`
  Failure failure;
};

/// Connects and authenticates. Addresses (none for a Unix socket) race until one accepts, see race.hpp; the
/// next one follows only where that server is starting or lost. Cancellable; await it under a deadline.
asio::awaitable<PgConnection> pg_connect(const PostgresTarget& target,
                                         std::vector<asio::ip::address> addresses, Trace& trace);

/// The closed reason for an error that the server reports, by its SQLSTATE; `message` is the server's own
/// text.
Failure pg_failure(std::string_view sqlstate, std::string_view message);

/// The closed reason for libpq's own text, which it said in that phase; the server's SQLSTATE in it decides
/// where there is one.
Failure pg_failure_from_text(std::string_view text, Phase phase = Phase::request);

}  // namespace healthd
