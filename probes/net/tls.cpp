#include "probes/net/tls.hpp"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <ctime>

#include "probes/net/certificate.hpp"

namespace healthd {
namespace {

constexpr auto as_error = asio::as_tuple(asio::use_awaitable);
using Socket = asio::ssl::stream<asio::ip::tcp::socket>;

class TlsStream final : public Stream {
 public:
  TlsStream(asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> context)
      : context_{std::move(context)}, socket_{std::move(socket), *context_} {}

  Socket& socket() { return socket_; }

  asio::awaitable<Io> read_some(asio::mutable_buffer buffer) override {
    auto [error, bytes] = co_await socket_.async_read_some(buffer, as_error);
    // A peer that closes without close_notify: what was read is judged by its own length.
    if (error == asio::ssl::error::stream_truncated) error = asio::error::eof;
    co_return Io{error, bytes};
  }

  asio::awaitable<Io> write(asio::const_buffer buffer) override {
    auto [error, bytes] = co_await asio::async_write(socket_, buffer, as_error);
    co_return Io{error, bytes};
  }

 private:
  std::shared_ptr<asio::ssl::context> context_;
  Socket socket_;
};

/// Asks for SNI, and for the name to be part of the verification. Returns false where OpenSSL refuses the
/// name.
bool expect_name(SSL* ssl, const std::string& name) {
  X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl);
  boost::system::error_code not_an_address;
  asio::ip::make_address(name, not_an_address);
  if (!not_an_address) return X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str()) == 1;
  X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  // What SSL_set_tlsext_host_name() stands for; the macro holds a cast that GCC objects to.
  return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                  const_cast<char*>(name.c_str())) == 1 &&
         X509_VERIFY_PARAM_set1_host(wanted, name.c_str(), name.size()) == 1;
}

Failure handshake_failure(const boost::system::error_code& error) {
  if (error == asio::ssl::error::stream_truncated || error == asio::error::eof)
    return {Reason::tls_handshake, "the server closed the connection during the TLS handshake"};
  if (error.category() != asio::error::get_ssl_category()) return failure_from(error);
  const int reason = ERR_GET_REASON(static_cast<unsigned long>(error.value()));
  const bool version = reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_UNSUPPORTED_PROTOCOL ||
                       reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION || reason == SSL_R_NO_PROTOCOLS_AVAILABLE;
  return {version ? Reason::tls_protocol : Reason::tls_handshake, error.message()};
}

bool load(asio::ssl::context& context, const TlsSettings& settings, Options& options) {
  boost::system::error_code error;
  const auto report = [&](std::string_view key, const std::string& file) {
    if (error) options.error(key, std::string{key} + ": cannot load " + file + ": " + error.message());
    return !error;
  };
  if (settings.ca_file.empty()) {
    context.set_default_verify_paths(error);
  } else {
    context.load_verify_file(settings.ca_file, error);
  }
  if (!report("ca_file", settings.ca_file)) return false;
  if (settings.cert_file.empty()) return true;
  context.use_certificate_chain_file(settings.cert_file, error);
  if (!report("cert_file", settings.cert_file)) return false;
  context.use_private_key_file(settings.key_file, asio::ssl::context::pem, error);
  return report("key_file", settings.key_file);
}

TlsSettings read_tls(Options& options) {
  TlsSettings settings;
  settings.ca_file = options.text("ca_file");
  settings.cert_file = options.text("cert_file");
  settings.key_file = options.text("key_file");
  settings.server_name = options.text("server_name");
  settings.verify = !options.flag("insecure_skip_verify", false);
  if (settings.cert_file.empty() != settings.key_file.empty())
    options.error(settings.cert_file.empty() ? "key_file" : "cert_file",
                  "cert_file and key_file go together");
  return settings;
}

}  // namespace

TlsContexts::TlsContexts() = default;
TlsContexts::~TlsContexts() = default;

std::shared_ptr<asio::ssl::context> TlsContexts::get(const TlsSettings& settings, Options& options) {
  // The name and the verdict belong to the stream, not to the context.
  TlsSettings key = settings;
  key.server_name.clear();
  key.verify = true;
  if (const auto known = contexts_.find(key); known != contexts_.end()) return known->second;

  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  if (!load(*context, key, options)) return nullptr;
  contexts_.emplace(key, context);
  return context;
}

TlsClient TlsContexts::client(Options& options, const std::string& host) {
  auto map = options.map("tls");
  const auto settings = read_tls(map);
  TlsClient client;
  client.context = get(settings, map);
  client.server_name = settings.server_name.empty() ? host : settings.server_name;
  client.verify = settings.verify;
  return client;
}

asio::awaitable<TlsHandshake> tls_handshake(asio::ip::tcp::socket socket, const TlsClient& client) {
  TlsHandshake result;
  auto stream = std::make_unique<TlsStream>(std::move(socket), client.context);
  SSL* ssl = stream->socket().native_handle();
  if (!expect_name(ssl, client.server_name)) {
    result.failure = {Reason::tls_hostname, "not a usable server name: " + client.server_name};
    co_return result;
  }
  // Verification runs, but does not end the handshake: an expired certificate is still to be described.
  SSL_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
  auto [error] = co_await stream->socket().async_handshake(asio::ssl::stream_base::client, as_error);
  if (error) {
    result.failure = handshake_failure(error);
    co_return result;
  }
  result.report = describe_peer(ssl);
  result.report->verify = client.verify;
  if (client.verify && result.report->verification) {
    result.failure = result.report->verification;
    co_return result;
  }
  result.stream = std::move(stream);
  co_return result;
}

}  // namespace healthd
