// TLS clients: the one factory of contexts, and what a handshake showed of the peer's certificates.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "config/options.hpp"
#include "probes/net/outcome.hpp"
#include "probes/net/stream.hpp"
#include "probes/trace.hpp"

namespace boost::asio::ssl {
class context;
}

namespace healthd {

/// What a target's TLS should be like; keys `ca_file`, `cert_file`, `key_file`, `server_name`,
/// `insecure_skip_verify` of a `tls` map.
struct TlsSettings {
  std::string ca_file;  ///< "": the system's
  std::string cert_file;
  std::string key_file;
  std::string server_name;  ///< for SNI and verification; "": the host
  bool verify = true;
  auto operator<=>(const TlsSettings&) const = default;
};
/// How to speak TLS to one target.
struct TlsClient {
  std::shared_ptr<asio::ssl::context> context;
  std::string server_name;
  bool verify = true;
};

/// Contexts cost 33-49 ms each (the CA bundle), so there is one per distinct setting, built before the loop
/// runs.
class TlsContexts {
 public:
  TlsContexts();
  ~TlsContexts();
  /// Blocks on disk. A file that does not load is an error at `options`; the result is then nullptr.
  std::shared_ptr<asio::ssl::context> get(const TlsSettings& settings, Options& options);
  /// As the `tls` map of `options` says, for a target on `host`.
  TlsClient client(Options& options, const std::string& host);
  /// How many of the clients accept any certificate.
  std::size_t unverified() const { return unverified_; }

 private:
  std::map<TlsSettings, std::shared_ptr<asio::ssl::context>> contexts_;
  std::size_t unverified_ = 0;
};

/// What the handshake showed; filled also where verification failed.
struct TlsReport {
  Failure verification;                              ///< none: chain and host name hold
  bool verify = true;                                ///< false: nobody asked for the verification
  std::chrono::system_clock::time_point not_before;  ///< of the leaf
  std::chrono::system_clock::time_point not_after;
  std::chrono::system_clock::time_point chain_not_after;  ///< earliest of all served
  /// Earliest of the chain that reaches an authority we trust; OpenSSL prefers the one that is valid. Known
  /// also where only the name or a date is wrong.
  std::optional<std::chrono::system_clock::time_point> verified_not_after;
  std::string version, cipher;
  std::string subject_cn, issuer_cn, fingerprint_sha256, serial;
};

struct TlsHandshake {
  std::unique_ptr<Stream>
      stream;  ///< nullptr where the handshake, or a verification that was asked for, failed
  Failure failure;
  std::optional<TlsReport> report;
};

/// Takes over a connected socket. Cancellable. The stream ends without `eof` where the peer does not end TLS
/// first, so a body that only the end delimits cannot be cut unseen.
asio::awaitable<TlsHandshake> tls_handshake(asio::ip::tcp::socket socket, const TlsClient& client);

/// What an error of a TLS stream says; nullopt where it is no error of TLS. With TLS 1.3 a server refuses our
/// certificate, or the lack of one, only after the handshake.
std::optional<Failure> tls_failure(const boost::system::error_code& error);

}  // namespace healthd
