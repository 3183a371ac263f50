// A way out through an HTTP proxy: CONNECT (RFC 9110, section 9.3.6), for who speaks TLS behind it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>

#include "config/secret.hpp"
#include "probes/net/dial.hpp"
#include "probes/net/outcome.hpp"

namespace healthd {

class Options;

struct Proxy {
  Endpoint endpoint;
  std::string user;
  Secret password;
};

/// The map `proxy`: `url` (http), and `username` with `password_file` or `credential` where it asks for them.
/// nullopt where there is none: the environment's proxies count for nothing here.
std::optional<Proxy> read_proxy(Options& options);

/// The value of Proxy-Authorization; "" where the proxy wants nothing.
std::string proxy_authorization(const Proxy& proxy);

/// Asks the proxy at the other end of `socket` for a tunnel to `target`. nullopt: it stands, and what is
/// written goes to the target. Cancellable, and to be awaited under a deadline.
asio::awaitable<std::optional<Failure>> open_tunnel(asio::ip::tcp::socket& socket, const Endpoint& target,
                                                    const Proxy& proxy);

}  // namespace healthd
