#include "probes/net/tls.hpp"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <vector>

#include "config/path_option.hpp"
#include "config/plain_file.hpp"
#include "probes/net/certificate.hpp"

namespace healthd {
namespace {

constexpr auto as_error = asio::as_tuple(asio::use_awaitable);
using Socket = asio::ssl::stream<asio::ip::tcp::socket>;

/// More than a chain has certificates.
constexpr std::size_t most_flaws = 32;

class TlsStream final : public Stream {
 public:
  TlsStream(asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> context)
      : context_{std::move(context)}, socket_{std::move(socket), *context_} {
    boost::system::error_code ignored;
    // The verification runs, but does not end the handshake: an expired certificate is still to be described.
    socket_.set_verify_mode(asio::ssl::verify_none, ignored);
    socket_.set_verify_callback([this](bool fine, auto& at) { return note(fine, at); }, ignored);
    SSL_set_cert_cb(socket_.native_handle(), note_request, this);
  }
  ~TlsStream() override { say_goodbye(); }
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  asio::awaitable<boost::system::error_code> handshake() {
    auto [error] = co_await socket_.async_handshake(asio::ssl::stream_base::client, as_error);
    intact_ = !error;
    co_return error;
  }

  asio::awaitable<Io> read_some(asio::mutable_buffer buffer) override {
    auto [error, bytes] = co_await socket_.async_read_some(buffer, as_error);
    if (error) intact_ = false;
    co_return Io{error, bytes};
  }

  asio::awaitable<Io> write(asio::const_buffer buffer) override {
    auto [error, bytes] = co_await asio::async_write(socket_, buffer, as_error);
    if (error) intact_ = false;
    co_return Io{error, bytes};
  }

  SSL* native() { return socket_.native_handle(); }
  const std::vector<ChainFlaw>& flaws() const { return flaws_; }
  bool asked_for_certificate() const { return asked_; }

 private:
  bool note(bool fine, asio::ssl::verify_context& at) {
    if (!fine && flaws_.size() < most_flaws) flaws_.push_back(current_flaw(at.native_handle()));
    return true;
  }

  static int note_request(SSL*, void* self) {
    static_cast<TlsStream*>(self)->asked_ = true;
    return 1;
  }

  /// Tells the peer that this is the end, as far as the socket takes it at once. The answer is not waited
  /// for.
  void say_goodbye() {
    if (!intact_) return;
    boost::system::error_code ignored;
    socket_.next_layer().non_blocking(true, ignored);
    if (!ignored) socket_.shutdown(ignored);
  }

  std::shared_ptr<asio::ssl::context> context_;
  std::vector<ChainFlaw> flaws_;
  bool asked_ = false;   ///< for a certificate of ours
  bool intact_ = false;  ///< the handshake stands, and nothing has gone wrong since
  Socket socket_;
};

/// Asks for SNI, and for the name to be part of the verification. Returns false where OpenSSL refuses the
/// name.
bool expect_name(SSL* ssl, std::string name) {
  // A dot at the end is for the resolver; no certificate has one.
  if (name.ends_with('.')) name.pop_back();
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

/// What a server tells us before it hangs up.
struct Alert {
  int number;
  Reason reason;
  std::string_view words;
};

constexpr std::string_view refuses_ours = "the server refuses our client certificate";
constexpr Alert alerts[] = {
    {SSL_AD_PROTOCOL_VERSION, Reason::tls_protocol, "the server speaks no TLS version that we accept"},
    {SSL_AD_INSUFFICIENT_SECURITY, Reason::tls_protocol, "the server wants stronger ciphers than ours"},
    {SSL_AD_UNRECOGNIZED_NAME, Reason::tls_hostname, "the server does not know the name we ask for"},
    {SSL_AD_CERTIFICATE_REQUIRED, Reason::tls_handshake, "the server asks for a client certificate"},
    {SSL_AD_BAD_CERTIFICATE, Reason::tls_handshake, refuses_ours},
    {SSL_AD_UNSUPPORTED_CERTIFICATE, Reason::tls_handshake, refuses_ours},
    {SSL_AD_CERTIFICATE_REVOKED, Reason::tls_handshake, refuses_ours},
    {SSL_AD_CERTIFICATE_EXPIRED, Reason::tls_handshake, refuses_ours},
    {SSL_AD_CERTIFICATE_UNKNOWN, Reason::tls_handshake, refuses_ours},
    {SSL_AD_UNKNOWN_CA, Reason::tls_handshake, refuses_ours},
    {SSL_AD_ACCESS_DENIED, Reason::tls_handshake, refuses_ours},
    {SSL_AD_DECRYPT_ERROR, Reason::tls_handshake, refuses_ours},
};

/// Above the offset OpenSSL repeats the peer's alert; below it is our own finding about the peer's bytes.
Failure protocol_failure(const boost::system::error_code& error) {
  const int number = ERR_GET_REASON(static_cast<unsigned long>(error.value())) - SSL_AD_REASON_OFFSET;
  if (number < 0) return {Reason::tls_protocol, "the answer is no usable TLS: " + error.message()};
  const auto* const found = std::ranges::find(alerts, number, &Alert::number);
  if (found == std::end(alerts)) return {Reason::tls_handshake, error.message()};
  return {found->reason, std::string{found->words} + ": " + error.message()};
}

bool breaks_off(const boost::system::error_code& error) {
  return error == asio::ssl::error::stream_truncated || error == asio::error::eof ||
         error == asio::error::connection_reset || error == asio::error::broken_pipe;
}

Failure handshake_failure(const boost::system::error_code& error, bool asked_for_certificate) {
  auto failure = breaks_off(error) ? Failure{Reason::tls_handshake, "the server broke off the TLS handshake"}
                                   : failure_from(error);
  // Before TLS 1.3 no alert says so.
  const bool silent = failure.detail.find("client certificate") == std::string::npos;
  if (asked_for_certificate && silent && failure.reason == Reason::tls_handshake)
    failure.detail += "; it had asked for a client certificate";
  return failure;
}

bool load(asio::ssl::context& context, const TlsSettings& settings, Options& options) {
  boost::system::error_code error;
  const auto report = [&](std::string_view key, const std::string& file) {
    if (error) options.error(key, std::string{key} + ": cannot load " + file + ": " + error.message());
    return !error;
  };
  for (const auto& [key, file] :
       {std::pair{"ca_file", &settings.ca_file}, std::pair{"cert_file", &settings.cert_file},
        std::pair{"key_file", &settings.key_file}}) {
    const auto objection = not_a_plain_file(*file);
    if (objection.empty()) continue;
    options.error(key, std::string{key} + ": " + *file + ' ' + objection);
    return false;
  }
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
  settings.ca_file = path_option(options, "ca_file");
  settings.cert_file = path_option(options, "cert_file");
  settings.key_file = path_option(options, "key_file");
  settings.server_name = options.text("server_name");
  settings.verify = !options.flag("insecure_skip_verify", false);
  if (!settings.verify)
    options.warning(
        "insecure_skip_verify",
        "insecure_skip_verify: the certificate is not verified, so whoever stands between can answer "
        "in this server's name");
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
  if (!client.verify) ++unverified_;
  return client;
}

asio::awaitable<TlsHandshake> tls_handshake(asio::ip::tcp::socket socket, const TlsClient& client) {
  TlsHandshake result;
  auto stream = std::make_unique<TlsStream>(std::move(socket), client.context);
  if (!expect_name(stream->native(), client.server_name)) {
    result.failure = {Reason::tls_hostname, "not a usable server name: " + client.server_name};
    co_return result;
  }
  const auto error = co_await stream->handshake();
  if (error) {
    result.failure = handshake_failure(error, stream->asked_for_certificate());
    co_return result;
  }
  result.report = describe_peer(stream->native(), stream->flaws());
  result.report->verify = client.verify;
  if (client.verify && result.report->verification) {
    result.failure = result.report->verification;
    co_return result;
  }
  result.stream = std::move(stream);
  co_return result;
}

std::optional<Failure> tls_failure(const boost::system::error_code& error) {
  if (error == asio::ssl::error::stream_truncated)
    return Failure{Reason::reset, "the server closed the connection without ending TLS"};
  if (error.category() == asio::error::get_ssl_category()) return protocol_failure(error);
  return std::nullopt;
}

}  // namespace healthd
