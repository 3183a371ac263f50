// OpenSSL's own server with certificates of any kind, and one connection of ours to it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "probes/net/dial.hpp"
#include "probes/net/http.hpp"
#include "probes/net/resolve.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/process.hpp"
#include "tests/support/run.hpp"

namespace healthd::test {

/// Answers each GET with a page about the session.
class TlsServer {
 public:
  TlsServer(const CertificateFiles& files, std::vector<std::string> more = {}) : port_{free_port()} {
    Command command;
    command.argv = {"/usr/bin/openssl",
                    "s_server",
                    "-quiet",
                    "-www",
                    "-accept",
                    "127.0.0.1:" + std::to_string(port_),
                    "-cert",
                    files.certificate,
                    "-key",
                    files.key};
    command.argv.insert(command.argv.end(), more.begin(), more.end());
    process_ = Process{command};
  }
  std::uint16_t port() const { return port_; }

 private:
  std::uint16_t port_;
  Process process_;
};

/// What is left of a connection once its loop is gone.
struct Dialled {
  bool stands = false;
  Failure failure;
  std::optional<TlsReport> tls;
  std::string body;  ///< of the answer to GET /, where the connection stands
};

inline asio::awaitable<Dialled> get_over_tls(Resolver& resolver, std::uint16_t port,
                                             const TlsClient& client) {
  Trace trace;
  Endpoint endpoint;
  endpoint.host = "127.0.0.1";
  endpoint.port = port;
  auto connection = co_await dial(resolver, trace, endpoint, &client);
  Dialled dialled{connection.stream != nullptr, connection.failure, connection.tls, ""};
  if (!connection.stream) co_return dialled;
  HttpRequest request;
  request.target = "/";
  request.host = "bi.example.com";
  auto response = co_await http_exchange(*connection.stream, trace, std::move(request));
  if (response) {
    dialled.body = response->body;
  } else {
    dialled.failure = response.error();
  }
  co_return dialled;
}

/// Dials until the server listens, then asks for one page.
inline Dialled dialled(std::uint16_t port, const TlsSettings& settings) {
  Problems problems;
  auto options = Options::from_text("{}", "none", problems);
  TlsContexts contexts;
  const TlsClient client{contexts.get(settings, options), settings.server_name, settings.verify};
  asio::io_context loop{1};
  Resolver resolver{loop.get_executor()};
  Dialled result;
  wait_until([&] {
    auto work = get_over_tls(resolver, port, client);
    result = run(loop, std::move(work), std::chrono::seconds{10});
    return result.failure.reason != Reason::connect_refused;
  });
  return result;
}

inline TlsSettings trusting(std::string ca_file, std::string server_name = "bi.example.com") {
  TlsSettings settings;
  settings.ca_file = std::move(ca_file);
  settings.server_name = std::move(server_name);
  return settings;
}

}  // namespace healthd::test
