// The file of `--web.config.file`: TLS, users and header fields of our own pages, in the format of
// Prometheus' exporter-toolkit, so that a site keeps one file for all its exporters.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/problem.hpp"

namespace healthd {

enum class ClientAuth { none, request, require_any, verify_if_given, require_and_verify };

/// Paths are complete; names of ciphers and curves are OpenSSL's.
struct WebTlsConfig {
  std::string cert_file, key_file;
  ClientAuth client_auth = ClientAuth::none;
  std::string client_ca_file;
  std::vector<std::string> client_allowed_sans;  ///< empty: any that the authority vouches for
  bool tls13_only = false;
  bool tls12_only = false;
  std::vector<std::string> ciphers;    ///< of TLS 1.2; empty: all that are allowed
  std::vector<std::string> ciphers13;  ///< of TLS 1.3; empty: OpenSSL's own
  std::vector<std::string> curves;     ///< empty: ours
  bool prefer_server_ciphers = true;
};

struct WebFile {
  std::optional<WebTlsConfig> tls;
  std::vector<std::pair<std::string, std::string>> headers;
  std::map<std::string, std::string> users;  ///< name to bcrypt hash; empty: no login

  /// Whether nobody gets a page without a password or a verified certificate.
  bool identifies() const {
    return !users.empty() || (tls && tls->client_auth == ClientAuth::require_and_verify);
  }
};

/// Reads the file strictly: what the format does not know is an error, and what it knows but we cannot do is
/// one that says so. Does not look into the certificates. Blocks on disk.
WebFile load_web_file(const std::string& path, Problems& problems);

/// The cost of a bcrypt hash; nullopt where `hash` is none.
std::optional<int> bcrypt_cost(std::string_view hash);

}  // namespace healthd
