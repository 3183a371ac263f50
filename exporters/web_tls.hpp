// The server's side of TLS, as the web file asks for it.
#pragma once

#include <memory>

#include "config/problem.hpp"
#include "config/web_config.hpp"

namespace boost::asio::ssl {
class context;
}

namespace healthd {

/// TLS 1.2 and newer, forward secrecy and authenticated encryption only; no renegotiation, no compression, no
/// resumption. Blocks on disk, and computes for a while. nullptr after a problem with a file, which is named.
std::shared_ptr<boost::asio::ssl::context> make_web_context(const WebTlsConfig& config, Problems& problems);

}  // namespace healthd
