#include "config/web_config.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "config/options.hpp"
#include "config/path_option.hpp"

namespace healthd {
namespace {

/// A check of this cost takes a second or two; each step more doubles that.
constexpr int highest_cost = 14;
constexpr std::size_t longest_user = 128;

/// How Go names a cipher, and OpenSSL.
struct CipherName {
  std::string_view go, openssl;
};
constexpr std::array ciphers12{
    CipherName{"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    CipherName{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    CipherName{"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    CipherName{"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    CipherName{"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    CipherName{"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"}};
constexpr std::array ciphers13{CipherName{"TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"},
                               CipherName{"TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"},
                               CipherName{"TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256"}};
constexpr std::array curve_names{CipherName{"X25519", "X25519"}, CipherName{"CurveP256", "P-256"},
                                 CipherName{"CurveP384", "P-384"}, CipherName{"CurveP521", "P-521"}};
/// Known to the format, and not spoken here: no forward secrecy, CBC, 3DES, RC4.
constexpr std::array<std::string_view, 4> weak_parts{"TLS_RSA_", "_CBC_", "_3DES_", "_RC4_"};

constexpr std::array<std::string_view, 5> header_names{"Content-Security-Policy", "X-Frame-Options",
                                                       "X-Content-Type-Options", "X-XSS-Protection",
                                                       "Strict-Transport-Security"};

struct ClientAuthName {
  std::string_view name;
  ClientAuth meaning;
};
constexpr std::array client_auths{
    ClientAuthName{"NoClientCert", ClientAuth::none},
    ClientAuthName{"RequestClientCert", ClientAuth::request},
    ClientAuthName{"RequireAnyClientCert", ClientAuth::require_any},
    ClientAuthName{"RequireClientCert", ClientAuth::require_any},
    ClientAuthName{"VerifyClientCertIfGiven", ClientAuth::verify_if_given},
    ClientAuthName{"RequireAndVerifyClientCert", ClientAuth::require_and_verify}};

/// Keys of the format that take another shape here.
struct Unsupported {
  std::string_view key, advice;
};

void refuse(Options& options, std::initializer_list<Unsupported> keys) {
  for (const auto& [key, advice] : keys)
    if (options.has(key))
      options.error(key, std::string{key} + ": is not supported here; " + std::string{advice});
}

std::string path_of(Options& options, std::string_view key, const std::string& file) {
  const auto text = options.text(key);
  return text.empty() ? "" : beside(file, text);
}

template <std::size_t size>
const CipherName* find_name(const std::array<CipherName, size>& names, std::string_view go) {
  const auto found = std::ranges::find(names, go, &CipherName::go);
  return found == names.end() ? nullptr : &*found;
}

template <std::size_t size>
void add_names(const std::array<CipherName, size>& names, std::vector<std::string>& known) {
  for (const auto& name : names) known.emplace_back(name.go);
}

void read_ciphers(Options& options, WebTlsConfig& tls) {
  std::vector<std::string> known;
  add_names(ciphers12, known);
  add_names(ciphers13, known);
  for (const auto& name : options.texts("cipher_suites")) {
    const auto is_part = [&name](std::string_view part) { return name.find(part) != std::string::npos; };
    if (const auto* found = find_name(ciphers12, name)) {
      tls.ciphers.emplace_back(found->openssl);
    } else if (const auto* newer = find_name(ciphers13, name)) {
      tls.ciphers13.emplace_back(newer->openssl);
    } else if (std::ranges::any_of(weak_parts, is_part)) {
      options.error("cipher_suites",
                    "cipher_suites: " + in_quotes(name) + " is too weak; only ECDHE with GCM or ChaCha20");
    } else {
      options.error("cipher_suites", "cipher_suites: unknown " + in_quotes(name) + did_you_mean(name, known));
    }
  }
  if (tls.ciphers.empty() && !tls.ciphers13.empty() && !tls.tls13_only)
    options.error("cipher_suites", "cipher_suites: none is for TLS 1.2; say min_version: TLS13 as well");
}

void read_curves(Options& options, WebTlsConfig& tls) {
  std::vector<std::string> known;
  add_names(curve_names, known);
  for (const auto& name : options.texts("curve_preferences")) {
    if (const auto* found = find_name(curve_names, name)) {
      tls.curves.emplace_back(found->openssl);
    } else {
      options.error("curve_preferences",
                    "curve_preferences: unknown " + in_quotes(name) + did_you_mean(name, known));
    }
  }
}

void read_versions(Options& options, WebTlsConfig& tls) {
  const auto version = [&options](std::string_view key, std::string_view fallback) {
    const auto text = options.text(key, fallback);
    if (text == "TLS10" || text == "TLS11") {
      options.error(key, std::string{key} + ": " + text + " is broken; TLS12 is the least");
      return std::string{fallback};
    }
    return options.choice(key, fallback, {"TLS12", "TLS13"});
  };
  tls.tls13_only = version("min_version", "TLS12") == "TLS13";
  tls.tls12_only = version("max_version", "TLS13") == "TLS12";
  if (tls.tls13_only && tls.tls12_only) options.error("max_version", "max_version: is less than min_version");
}

void read_client_auth(Options& options, WebTlsConfig& tls, const std::string& file) {
  std::vector<std::string> names;
  for (const auto& each : client_auths) names.emplace_back(each.name);
  auto name = options.text("client_auth_type");
  if (!name.empty()) name = options.choice("client_auth_type", "NoClientCert", names);
  const auto found = std::ranges::find(client_auths, name, &ClientAuthName::name);
  if (found != client_auths.end()) tls.client_auth = found->meaning;
  tls.client_ca_file = path_of(options, "client_ca_file", file);
  tls.client_allowed_sans = options.texts("client_allowed_sans");

  const bool verifies =
      tls.client_auth == ClientAuth::verify_if_given || tls.client_auth == ClientAuth::require_and_verify;
  if (verifies && tls.client_ca_file.empty())
    options.error("client_auth_type", "client_auth_type: " + name + " needs client_ca_file");
  if (tls.client_auth == ClientAuth::none && !tls.client_ca_file.empty())
    options.error("client_ca_file",
                  "client_ca_file: nobody is asked for a certificate; say "
                  "client_auth_type: RequireAndVerifyClientCert");
  if (!verifies && !tls.client_allowed_sans.empty())
    options.error("client_allowed_sans",
                  "client_allowed_sans: needs a client_auth_type that verifies certificates");
  if (!verifies && tls.client_auth != ClientAuth::none)
    options.warning("client_auth_type",
                    "client_auth_type: " + name + " verifies nothing, so it keeps nobody out");
}

WebTlsConfig read_tls(Options& options, const std::string& file) {
  refuse(options,
         {{"cert", "give cert_file"}, {"key", "give key_file"}, {"client_ca", "give client_ca_file"}});
  WebTlsConfig tls;
  tls.cert_file = path_of(options, "cert_file", file);
  tls.key_file = path_of(options, "key_file", file);
  if (tls.cert_file.empty() || tls.key_file.empty())
    options.error(tls.cert_file.empty() ? "cert_file" : "key_file",
                  "tls_server_config: cert_file and key_file are needed");
  read_versions(options, tls);
  read_client_auth(options, tls, file);
  read_ciphers(options, tls);
  read_curves(options, tls);
  tls.prefer_server_ciphers = options.flag("prefer_server_cipher_suites", true);
  return tls;
}

/// What could end the header field early, or is no text.
bool is_field_value(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char letter) { return letter >= 0x20 && letter < 0x7f; });
}

void read_http(Options options, WebFile& web) {
  if (options.flag("http2", false))
    options.warning("http2", "http2: is not spoken here; clients use HTTP/1.1");
  auto headers = options.map("headers");
  for (const auto name : header_names) {
    const auto value = headers.text(name);
    if (value.empty()) continue;
    if (is_field_value(value))
      web.headers.emplace_back(name, value);
    else
      headers.error(name, std::string{name} + ": expected printable ASCII on one line");
  }
}

void read_users(Options options, WebFile& web) {
  for (const auto& name : options.keys()) {
    const auto hash = options.text(name);
    const auto cost = bcrypt_cost(hash);
    if (name.empty() || name.size() > longest_user || name.find(':') != std::string::npos)
      options.error(name, "basic_auth_users: a user's name has 1 to 128 bytes and no colon");
    else if (!cost)
      options.error(name, "basic_auth_users: the hash of " + in_quotes(name) +
                              " is no bcrypt hash; htpasswd -nB makes one");
    else if (*cost > highest_cost)
      options.error(name, "basic_auth_users: the hash of " + in_quotes(name) +
                              " costs too much: " + std::to_string(*cost) + ", at most 14");
    else
      web.users[name] = hash;
  }
}

void look_at_mode(const std::string& path, std::string_view what, Problems& problems) {
  struct stat status{};
  if (path.empty() || ::stat(path.c_str(), &status) != 0) return;  // whoever reads it says so
  if ((status.st_mode & (S_IROTH | S_IWOTH)) != 0)
    problems.warning({path}, std::string{what} + " is open to every user; run chmod o-rwx on it");
}

}  // namespace

std::optional<int> bcrypt_cost(std::string_view hash) {
  constexpr std::size_t length = 60;
  const auto is_digit = [](char letter) { return letter >= '0' && letter <= '9'; };
  const auto is_letter = [&is_digit](char letter) {
    return is_digit(letter) || letter == '.' || letter == '/' || (letter >= 'A' && letter <= 'Z') ||
           (letter >= 'a' && letter <= 'z');
  };
  const bool shaped = hash.size() == length && hash.starts_with("$2") &&
                      (hash[2] == 'a' || hash[2] == 'b' || hash[2] == 'y') && hash[3] == '$' &&
                      is_digit(hash[4]) && is_digit(hash[5]) && hash[6] == '$' &&
                      std::ranges::all_of(hash.substr(7), is_letter);
  if (!shaped) return std::nullopt;
  const int cost = (hash[4] - '0') * 10 + (hash[5] - '0');
  return cost >= 4 && cost <= 31 ? std::optional{cost} : std::nullopt;
}

WebFile load_web_file(const std::string& path, Problems& problems) {
  auto root = Options::from_file(path, problems);
  WebFile web;
  if (root.place().line == 0) return web;  // no YAML: said already
  refuse(root, {{"rate_limit", "failed logins are limited in any case"}});
  if (root.has("tls_server_config")) {
    auto tls = root.map("tls_server_config");
    web.tls = read_tls(tls, path);
    look_at_mode(web.tls->key_file, "the key", problems);
  }
  read_http(root.map("http_server_config"), web);
  read_users(root.map("basic_auth_users"), web);
  if (!web.users.empty()) look_at_mode(path, "the file with hashes of passwords", problems);
  if (!web.users.empty() && !web.tls)
    root.warning("basic_auth_users",
                 "basic_auth_users: without tls_server_config passwords travel in the clear");
  root.finish();
  return web;
}

}  // namespace healthd
