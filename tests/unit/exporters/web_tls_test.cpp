#include "exporters/web_tls.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "running_server.hpp"
#include "tests/support/tls_bench.hpp"
#include "web_client.hpp"

using namespace healthd;
using namespace healthd::test;
using namespace std::chrono_literals;

namespace {

asio::awaitable<WebResponse> say_hello(const WebRequest& /*request*/) {
  WebResponse response;
  response.body = std::string(50'000, 'x');
  co_return response;
}

std::filesystem::path made(const std::filesystem::path& path) {
  std::filesystem::create_directory(path);
  return path;
}

/// Our server, with a certificate for its address from a throw-away authority.
struct TlsSite {
  explicit TlsSite(const std::function<void(WebTlsConfig&)>& change = {}, WebLimits limits = {}) {
    const auto own = authority.issue("127.0.0.1");
    config.cert_file = own.certificate;
    config.key_file = own.key;
    if (change) change(config);
    context = make_web_context(config, problems);
    if (!context) return;
    WebFront front;
    front.tls = [this] { return context; };
    server = std::make_unique<RunningServer>(say_hello, limits, std::function<void(unsigned)>{}, front);
  }

  Dialled get(const TlsSettings& settings) const { return dialled(server->port(), settings); }
  TlsSettings trusted() const { return trusting(authority.certificate(), "127.0.0.1"); }

  TempDir folder;
  Authority authority{made(folder.path() / "server")};
  WebTlsConfig config;
  Problems problems;
  std::shared_ptr<asio::ssl::context> context;
  std::unique_ptr<RunningServer> server;
};

void require_certificates(WebTlsConfig& config, const Authority& clients) {
  config.client_auth = ClientAuth::require_and_verify;
  config.client_ca_file = clients.certificate();
}

TlsSettings with(TlsSettings settings, const CertificateFiles& files) {
  settings.cert_file = files.certificate;
  settings.key_file = files.key;
  return settings;
}

}  // namespace

TEST_CASE("a page is served over TLS, whole, with TLS 1.3") {
  const TlsSite site;
  const auto got = site.get(site.trusted());
  CHECK(got.stands);
  CHECK(got.body.size() == 50'000);
  REQUIRE(got.tls.has_value());
  CHECK(got.tls->version == "TLSv1.3");
}

TEST_CASE("with TLS 1.2 the cipher is one with forward secrecy") {
  const TlsSite site{[](WebTlsConfig& config) { config.tls12_only = true; }};
  const auto got = site.get(site.trusted());
  REQUIRE(got.tls.has_value());
  CHECK(got.tls->version == "TLSv1.2");
  CHECK(got.tls->cipher.starts_with("ECDHE-"));
}

TEST_CASE("plain HTTP to a TLS port is closed cleanly, and a silent client after the handshake's deadline") {
  const TlsSite site{{}, {.handshake = 200ms}};
  WebClient plain{site.server->port()};
  plain.send(healthd::test::get("/"));
  CHECK(plain.closed_within(5s));
  WebClient silent{site.server->port()};
  CHECK(silent.closed_within(5s));
  CHECK(site.get(site.trusted()).stands);
}

TEST_CASE("a client without the certificate that is asked for gets no page") {
  TempDir folder;
  Authority clients{made(folder.path() / "clients")}, others{made(folder.path() / "others")};
  const TlsSite site{[&](WebTlsConfig& config) { require_certificates(config, clients); }};
  CHECK(site.get(site.trusted()).body.empty());
  CHECK(site.get(with(site.trusted(), others.issue("prometheus.internal"))).body.empty());
  CHECK(site.get(with(site.trusted(), clients.issue("prometheus.internal", -2h, -1h))).body.empty());
  CHECK(site.get(with(site.trusted(), clients.issue("prometheus.internal"))).body.size() == 50'000);
}

TEST_CASE("of verified certificates only those with an allowed name get in") {
  TempDir folder;
  Authority clients{made(folder.path() / "clients")};
  const TlsSite site{[&](WebTlsConfig& config) {
    require_certificates(config, clients);
    config.client_allowed_sans = {"prometheus.internal", "127.0.0.9"};
  }};
  CHECK(site.get(with(site.trusted(), clients.issue("grafana.internal"))).body.empty());
  CHECK(site.get(with(site.trusted(), clients.issue("prometheus.internal"))).body.size() == 50'000);
  CHECK(site.get(with(site.trusted(), clients.issue("127.0.0.9"))).body.size() == 50'000);
}

TEST_CASE("a certificate that does not load, or that is not the key's, is a problem that names the file") {
  const TlsSite missing{[](WebTlsConfig& config) { config.cert_file = "/nonexistent.pem"; }};
  CHECK(missing.context == nullptr);
  REQUIRE(missing.problems.has_errors());
  CHECK(missing.problems.sorted().front().place.file == "/nonexistent.pem");
  TempDir folder;
  Authority another{made(folder.path() / "another")};
  const TlsSite mixed{[&](WebTlsConfig& config) { config.key_file = another.issue("127.0.0.1").key; }};
  CHECK(mixed.context == nullptr);
  CHECK(mixed.problems.has_errors());
}

TEST_CASE("stopping ends TLS clients in every state at once") {
  const TlsSite site;
  WebClient silent{site.server->port()}, halfway{site.server->port()};
  halfway.send("\x16\x03\x01\x02");
  CHECK(site.get(site.trusted()).stands);
  CHECK(site.server->stop() < 3s);
}
