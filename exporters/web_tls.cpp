#include "exporters/web_tls.hpp"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/verify_context.hpp>

#include "config/plain_file.hpp"

namespace healthd {
namespace {

namespace ssl = boost::asio::ssl;

constexpr const char* allowed_ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20:!PSK";
constexpr const char* allowed_curves = "X25519:P-256:P-384";

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ":") + name;
  return text;
}

std::string address_text(const ASN1_OCTET_STRING* raw) {
  const auto* bytes = ASN1_STRING_get0_data(raw);
  if (ASN1_STRING_length(raw) == 4)
    return boost::asio::ip::address_v4{{bytes[0], bytes[1], bytes[2], bytes[3]}}.to_string();
  boost::asio::ip::address_v6::bytes_type v6{};
  if (ASN1_STRING_length(raw) != static_cast<int>(v6.size())) return "";
  std::copy_n(bytes, v6.size(), v6.begin());
  return boost::asio::ip::address_v6{v6}.to_string();
}

/// A name as the list has it; "" for kinds that it cannot name.
std::string text_of(const GENERAL_NAME& name) {
  if (name.type == GEN_IPADD) return address_text(name.d.iPAddress);
  if (name.type != GEN_DNS && name.type != GEN_EMAIL && name.type != GEN_URI) return "";
  const auto* text = name.d.ia5;
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

bool has_allowed_name(X509* certificate, const std::vector<std::string>& allowed) {
  auto* names =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  bool found = false;
  for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; ++i)
    found = std::ranges::find(allowed, text_of(*sk_GENERAL_NAME_value(names, i))) != allowed.end();
  GENERAL_NAMES_free(names);
  return found;
}

/// What to make of a client's certificate, link by link.
bool judge_client(bool fine, X509_STORE_CTX* at, ClientAuth mode, const std::vector<std::string>& allowed) {
  if (mode == ClientAuth::request || mode == ClientAuth::require_any) return true;
  const bool is_leaf = X509_STORE_CTX_get_error_depth(at) == 0;
  if (!fine || !is_leaf || allowed.empty()) return fine;
  if (has_allowed_name(X509_STORE_CTX_get_current_cert(at), allowed)) return true;
  X509_STORE_CTX_set_error(at, X509_V_ERR_APPLICATION_VERIFICATION);
  return false;
}

int verify_mode(ClientAuth mode) {
  switch (mode) {
    case ClientAuth::none:
      return ssl::verify_none;
    case ClientAuth::request:
    case ClientAuth::verify_if_given:
      return ssl::verify_peer;
    case ClientAuth::require_any:
    case ClientAuth::require_and_verify:
      return ssl::verify_peer | ssl::verify_fail_if_no_peer_cert;
  }
  std::abort();
}

/// Whether OpenSSL has what the file names.
bool choose(SSL_CTX* native, const WebTlsConfig& config) {
  const auto versions_set =
      SSL_CTX_set_min_proto_version(native, config.tls13_only ? TLS1_3_VERSION : TLS1_2_VERSION) == 1 &&
      SSL_CTX_set_max_proto_version(native, config.tls12_only ? TLS1_2_VERSION : TLS1_3_VERSION) == 1;
  const auto ciphers = config.ciphers.empty() ? allowed_ciphers : joined(config.ciphers);
  const auto newer = joined(config.ciphers13);
  const auto curves = config.curves.empty() ? allowed_curves : joined(config.curves);
  return versions_set && SSL_CTX_set_cipher_list(native, ciphers.c_str()) == 1 &&
         (newer.empty() || SSL_CTX_set_ciphersuites(native, newer.c_str()) == 1) &&
         SSL_CTX_ctrl(native, SSL_CTRL_SET_GROUPS_LIST, 0, const_cast<char*>(curves.c_str())) == 1;
}

void harden(SSL_CTX* native, bool own_order) {
  SSL_CTX_set_options(native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                  (own_order ? SSL_OP_CIPHER_SERVER_PREFERENCE : 0));
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(native, 0);
}

void ask_for_certificates(ssl::context& context, const WebTlsConfig& config) {
  boost::system::error_code ignored;
  context.set_verify_mode(verify_mode(config.client_auth), ignored);
  context.set_verify_callback(
      [mode = config.client_auth, allowed = config.client_allowed_sans](bool fine, auto& at) {
        return judge_client(fine, at.native_handle(), mode, allowed);
      },
      ignored);
}

}  // namespace

std::shared_ptr<ssl::context> make_web_context(const WebTlsConfig& config, Problems& problems) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  auto* native = context->native_handle();
  boost::system::error_code error;
  const auto loaded = [&](const std::string& file) {
    if (error) problems.error({file}, "cannot be used: " + error.message());
    return !error;
  };
  for (const auto* file : {&config.cert_file, &config.key_file, &config.client_ca_file}) {
    const auto objection = not_a_plain_file(*file);
    if (objection.empty()) continue;
    problems.error({*file}, objection);
    return nullptr;
  }
  harden(native, config.prefer_server_ciphers);
  if (!choose(native, config)) {
    problems.error({config.cert_file}, "OpenSSL does not have the ciphers or curves of tls_server_config");
    return nullptr;
  }
  context->use_certificate_chain_file(config.cert_file, error);
  if (!loaded(config.cert_file)) return nullptr;
  context->use_private_key_file(config.key_file, ssl::context::pem, error);
  if (!loaded(config.key_file)) return nullptr;
  if (!config.client_ca_file.empty()) {
    context->load_verify_file(config.client_ca_file, error);
    if (!loaded(config.client_ca_file)) return nullptr;
    SSL_CTX_set_client_CA_list(native, SSL_load_client_CA_file(config.client_ca_file.c_str()));
  }
  if (config.client_auth != ClientAuth::none) ask_for_certificates(*context, config);
  return context;
}

}  // namespace healthd
