// What all of our libpq code shares: owners, and the wire between libpq and a server.
#pragma once

#include <libpq-fe.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace healthd {

namespace asio = boost::asio;

struct PgFinish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct PgClear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using PgHandle = std::unique_ptr<PGconn, PgFinish>;
using PgAnswer = std::unique_ptr<PGresult, PgClear>;
using PgWait = asio::posix::descriptor_base::wait_type;

/// Waits once on a duplicate of a socket of libpq's: libpq may close its own and open another under the same
/// number, and a registration of the old one would then wait for nothing. Cancellable; `true` at its end, so
/// that it can be awaited under a deadline.
asio::awaitable<bool> pg_ready(int socket, PgWait what);

/// libpq reads for as long as more is there, and keeps it all: a server that floods us would block the loop
/// and fill the memory within one call. So libpq gets one end of a pair of sockets under the number of its
/// own one, and we hand on what came from the server: in small pieces, and counted.
class PgWire {
 public:
  /// Takes over the accepted socket of `connection`, before anything was said over it.
  PgWire(PGconn* connection, asio::any_io_executor executor);
  ~PgWire();
  PgWire(const PgWire&) = delete;
  PgWire& operator=(const PgWire&) = delete;

  /// To the server what libpq wrote. Cancellable.
  asio::awaitable<void> flush();
  /// Waits until libpq has something to read: a piece from the server, or its end. Cancellable.
  asio::awaitable<void> fill();

  /// So many more bytes may come.
  void allow(std::size_t bytes) { left_ = bytes; }
  /// The server asks for a login that would keep us computing for seconds, within one call of libpq.
  bool absurd() const { return absurd_; }
  /// More came than that.
  bool flooded() const { return flooded_; }
  /// How the connection broke; no error where the server closed it, or where it stands.
  boost::system::error_code error() const { return error_; }
  /// What we sent was sent again, and still nobody acknowledges it.
  bool unacknowledged();

 private:
  void collect();
  bool hand_on();
  void end();
  void look_at(std::string_view piece);

  asio::posix::stream_descriptor outside_;
  int libpqs_;  ///< libpq closes it
  int inside_;
  std::string unsent_;
  std::size_t left_ = 0;
  bool flooded_ = false;
  std::string login_;  ///< what the server says in the clear, until we are in
  bool looks_ = true;
  bool answered_ = false;  ///< the question for TLS
  bool absurd_ = false;
  boost::system::error_code error_;
};

}  // namespace healthd
