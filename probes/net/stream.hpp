// One virtual byte stream over TCP, TLS and Unix sockets. Virtual on purpose: code above it compiles once,
// without Beast's and OpenSSL's templates.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>
#include <memory>

namespace healthd {

namespace asio = boost::asio;

struct Io {
  boost::system::error_code error;
  std::size_t bytes = 0;
};

/// Closed by its destructor, without waiting. One operation at a time in each direction.
class Stream {
 public:
  virtual ~Stream() = default;
  /// At least one byte, or an error: `eof` where the peer closed, and with TLS said so before.
  virtual asio::awaitable<Io> read_some(asio::mutable_buffer buffer) = 0;
  /// All bytes, or an error.
  virtual asio::awaitable<Io> write(asio::const_buffer buffer) = 0;
};

}  // namespace healthd
