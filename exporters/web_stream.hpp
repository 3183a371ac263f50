// One accepted connection of the web server, with or without TLS. The only source with OpenSSL's stream: code
// above it compiles once.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>

#include "probes/net/stream.hpp"

namespace boost::asio::ssl {
class context;
}

namespace healthd {

class WebStream : public Stream {
 public:
  /// Everything that follows has to be over by then; what is still running fails.
  virtual void expires_after(std::chrono::milliseconds span) = 0;
  /// Before anything else; false where the peer and we do not come together.
  virtual asio::awaitable<bool> handshake() = 0;
  /// Says goodbye, and reads what the client still sends: closing at once could destroy the answer on its
  /// way. Takes a second or two at most.
  virtual asio::awaitable<void> close_gently() = 0;
  /// At once, from anywhere on the loop.
  virtual void close() = 0;
};

/// `context` nullptr: plain.
std::unique_ptr<WebStream> make_web_stream(asio::ip::tcp::socket socket,
                                           std::shared_ptr<asio::ssl::context> context);

}  // namespace healthd
