// A Redis client over our own streams; hiredis is the codec only. RESP2.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/options.hpp"
#include "config/secret.hpp"
#include "probes/net/dial.hpp"
#include "probes/net/outcome.hpp"
#include "probes/net/resp.hpp"

namespace healthd {

/// Who speaks for a server that several probes watch: what concerns the whole server is reported once.
struct ServerSpeaker {
  std::string name;  ///< of the probe
  int rank = -1;     ///< by its role
  Place place = {};  ///< of its configuration: of one rank, the first named speaks
};

/// Where a Redis is and how to log in.
struct RedisTarget {
  Endpoint endpoint = {};
  int database = 0;
  std::string username = {};  ///< "" : the default user
  Secret password = {};
  std::optional<TlsClient> tls = {};
  std::shared_ptr<ServerSpeaker> speaker = {};  ///< shared by all targets on one endpoint
};

/// Reads `url` (`redis://host:port/db`, `rediss://`, `unix:///path` with the key `database`), `username`,
/// `password_file`/`credential`, `tls`.
RedisTarget read_redis_target(Options& options, TlsContexts& contexts);

/// The closed reason for an error reply: by its first words (`-OOM`, `-NOAUTH`, `-LOADING` ...).
Failure redis_failure(std::string_view error_text);

/// One connection. Replies beyond 1 MiB, 4096 elements or depth 4 are refused as `too_large` or `protocol`.
class RedisClient {
 public:
  explicit RedisClient(std::unique_ptr<Stream> stream);
  ~RedisClient();

  /// Sends the commands in one write, reads as many replies. An error *reply* is a reply, not a failure.
  /// Cancellable; await it under a deadline.
  asio::awaitable<Result<std::vector<RedisReply>>> pipeline(std::vector<RedisCommand> commands);
  asio::awaitable<Result<RedisReply>> command(RedisCommand command);

  /// The two halves of pipeline(), for who reads the replies in parts: all that was sent is to be received.
  asio::awaitable<void> send(std::vector<RedisCommand> commands);
  asio::awaitable<Result<std::vector<RedisReply>>> receive(std::size_t replies);

  /// false after a failure or a cancelled pipeline: replies would no longer match their commands.
  bool usable() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct RedisConnection {
  std::unique_ptr<RedisClient> client;  ///< nullptr: see `failure`
  Failure failure;
  std::vector<RedisReply> replies;  ///< to what was asked along with the login
};

/// Dials, AUTH, CLIENT SETNAME (its refusal is ignored), SELECT; AUTH under the trace's `auth` phase.
/// `target` is used until the end.
asio::awaitable<RedisConnection> redis_connect(Resolver& resolver, Trace& trace, const RedisTarget& target);

/// As above, with `questions` in the same pipeline, so they cost no further round trip. They are asked
/// whether or not we are let in and the database is there, so nothing among them may write.
asio::awaitable<RedisConnection> redis_ask(Resolver& resolver, Trace& trace, const RedisTarget& target,
                                           std::vector<RedisCommand> questions);

}  // namespace healthd
