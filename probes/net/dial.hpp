// From a configured endpoint to an open stream: resolve, connect, TLS, each a phase of the trace.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "probes/net/address_policy.hpp"
#include "probes/net/stream.hpp"
#include "probes/net/tls.hpp"
#include "probes/trace.hpp"

namespace healthd {

class Resolver;
struct Proxy;

/// What the address of a Unix socket has room for.
constexpr std::size_t most_unix_path_bytes = 107;

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  std::string unix_path;  ///< instead of host and port, where not empty
};
std::string to_string(const Endpoint& endpoint);  ///< `host:port`, `[::1]:port` or the path

struct Connection {
  std::unique_ptr<Stream> stream;  ///< nullptr: see `failure`
  Failure failure;
  std::optional<TlsReport> tls;  ///< also where verification failed
};

/// Opens one connection; `tls` nullptr for plain text, `proxy` nullptr for the direct way. The addresses of a
/// name race (race.hpp). A Unix socket whose backlog is full is waited for. Cancellable, and to be awaited
/// under a deadline. Addresses that `policy` refuses are not tried; behind a proxy it judges the proxy's, and
/// a target that is given as an address.
asio::awaitable<Connection> dial(Resolver& resolver, Trace& trace, Endpoint endpoint, const TlsClient* tls,
                                 const Proxy* proxy = nullptr, AddressPolicy policy = nullptr);

}  // namespace healthd
