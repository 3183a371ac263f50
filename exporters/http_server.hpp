// A small HTTP/1.1 server: GET and HEAD, everything bounded in size and time, so that no client can slow
// another.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/system/result.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exporters/listen_address.hpp"

namespace boost::asio::ssl {
class context;
}

namespace healthd {

namespace asio = boost::asio;

/// Header fields: name and value.
using WebFields = std::vector<std::pair<std::string, std::string>>;

struct WebRequest {
  std::string path;   ///< begins with `/`; without the query
  std::string query;  ///< without the `?`
  std::string accept, accept_encoding;
  std::optional<std::string> host;  ///< nullopt: of HTTP/1.0, without one
  std::string authorization;
  asio::ip::address from;
};

struct WebResponse {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  WebFields fields = {};  ///< further ones
  bool live = false;      ///< a page that runs our script
};

/// Answers GET; of the answer to a HEAD only the header is sent. Must end by itself within a second or so: a
/// request's deadlines cover reading and writing. A throw is a bug and becomes a 500.
using WebHandler = std::function<asio::awaitable<WebResponse>(const WebRequest&)>;

struct WebLimits {
  std::uint32_t header_bytes = 8 * 1024;
  std::size_t fields = 64;
  std::size_t url_bytes = 2 * 1024;
  std::size_t connections = 127;  ///< and one more, for which one that has sent no whole request goes
  std::size_t per_address = 16;   ///< the same for each client, whose next one is closed where none can go
  std::size_t per_loopback_address = 128;      ///< all of them: a proxy on this host speaks for many
  std::chrono::milliseconds handshake{5'000};  ///< of TLS
  std::chrono::milliseconds read{5'000};       ///< for a whole request
  std::chrono::milliseconds write{10'000};     ///< for a whole response
  std::chrono::milliseconds idle{30'000};      ///< between two requests
};

/// What may change while the server runs; asked on the loop.
struct WebFront {
  std::function<std::shared_ptr<asio::ssl::context>()> tls;  ///< for each connection; nullptr: plain
  std::function<WebFields()> fields;                         ///< of each answer, over our own
};

class HttpServer {
 public:
  /// Everything happens on `loop`, which one thread runs. `refused` hears the status of each answer that was
  /// given without asking the handler (400, 405, 413, 414, 431, 500).
  HttpServer(asio::any_io_executor loop, WebHandler handler,
             std::function<void(unsigned status)> refused = {}, WebLimits limits = {}, WebFront front = {});
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  /// Closes what is open. Whatever still runs ends on the loop, without touching this object.
  ~HttpServer();

  /// Binds and listens; clients queue until serve(). The address in use, with the port that was chosen for 0.
  boost::system::result<ListenAddress> listen(const ListenAddress& address);

  /// Serves until cancelled; then ends once every connection has ended. Once only, after listen().
  asio::awaitable<void> serve();

 private:
  struct State;
  std::shared_ptr<State> state_;  ///< shared with the connections, which may outlive this object
};

}  // namespace healthd
