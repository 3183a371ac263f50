// Every way in which a certificate can be wrong, against a real TLS server.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "probes/http_get.hpp"
#include "probes/net/dial.hpp"
#include "probes/net/resolve.hpp"
#include "probes/with_deadline.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/process.hpp"
#include "tests/support/run.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;
using test::CertificateFiles;

class TlsServer {
 public:
  TlsServer(const CertificateFiles& files, std::vector<std::string> more = {}) : port_{test::free_port()} {
    test::Command command;
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
    process_ = test::Process{command};
  }
  std::uint16_t port() const { return port_; }

 private:
  std::uint16_t port_;
  test::Process process_;
};

struct Setup {
  test::TempDir folder;
  test::Authority authority{folder.path()};
};

asio::awaitable<Connection> connect(Resolver& resolver, std::uint16_t port, const TlsClient& client) {
  Trace trace;
  Endpoint endpoint;
  endpoint.host = "127.0.0.1";
  endpoint.port = port;
  co_return co_await dial(resolver, trace, endpoint, &client);
}

/// What is left of a connection once its loop is gone.
struct Dialled {
  bool stands = false;
  Failure failure;
  std::optional<TlsReport> tls;
};

/// Dials until the server listens.
Dialled dialled(std::uint16_t port, const std::string& ca_file, const std::string& name, bool verify = true) {
  Problems problems;
  auto options = Options::from_text("{}", "none", problems);
  TlsContexts contexts;
  TlsSettings settings;
  settings.ca_file = ca_file;
  TlsClient client{contexts.get(settings, options), name, verify};
  asio::io_context loop{1};
  Resolver resolver{loop.get_executor()};
  Connection connection;
  test::wait_until([&] {
    connection = test::run(loop, connect(resolver, port, client), 10s);
    return connection.failure.reason != Reason::connect_refused;
  });
  return {connection.stream != nullptr, connection.failure, connection.tls};
}

bool tells_of_verification(const TlsReport& report) {
  ProbeResult result;
  add_tls_samples(report, result);
  return std::ranges::count(result.samples, "healthd_tls_verify_ok", &Sample::name) > 0;
}

}  // namespace

TEST_CASE("a good certificate for the right name is accepted and described") {
  Setup setup;
  const TlsServer server{setup.authority.issue("bi.example.com", -1h, 24h * 5)};
  const auto connection = dialled(server.port(), setup.authority.certificate(), "bi.example.com");
  REQUIRE(connection.stands);
  REQUIRE(connection.tls.has_value());
  CHECK_FALSE(static_cast<bool>(connection.tls->verification));
  const auto left = connection.tls->not_after - std::chrono::system_clock::now();
  CHECK(left > 24h * 5 - 5min);
  CHECK(left < 24h * 5 + 5min);
  CHECK(connection.tls->verified_not_after == connection.tls->not_after);
  CHECK(connection.tls->subject_cn == "bi.example.com");
  CHECK(connection.tls->issuer_cn == "Test CA");
  CHECK(connection.tls->fingerprint_sha256.size() == 64);
}

TEST_CASE("each fault of a certificate has its own reason, and its dates are known all the same") {
  Setup setup;
  const test::TempDir elsewhere;
  test::Authority stranger{elsewhere.path()};
  struct Row {
    CertificateFiles files;
    std::string name;
    Reason reason;
  };
  const Row rows[] = {
      {setup.authority.issue("bi.example.com", -48h, -1h), "bi.example.com", Reason::tls_expired},
      {setup.authority.issue("bi.example.com", 1h, 48h), "bi.example.com", Reason::tls_not_yet_valid},
      {setup.authority.issue("other.example.com"), "bi.example.com", Reason::tls_hostname},
      {stranger.issue("bi.example.com"), "bi.example.com", Reason::tls_untrusted},
  };
  for (const auto& row : rows) {
    const TlsServer server{row.files};
    const auto connection = dialled(server.port(), setup.authority.certificate(), row.name);
    CHECK_FALSE(connection.stands);
    CHECK(connection.failure.reason == row.reason);
    REQUIRE(connection.tls.has_value());
    CHECK(connection.tls->not_after.time_since_epoch().count() != 0);
  }
}

TEST_CASE("where verification is turned off the connection stands, and the finding is still recorded") {
  Setup setup;
  const TlsServer server{setup.authority.issue("bi.example.com", -48h, -1h)};
  const auto connection = dialled(server.port(), setup.authority.certificate(), "bi.example.com", false);
  CHECK(connection.stands);
  REQUIRE(connection.tls.has_value());
  CHECK(connection.tls->verification.reason == Reason::tls_expired);
  CHECK_FALSE(tells_of_verification(*connection.tls));
}

TEST_CASE("a certificate that outlives the clock's range is valid for long, not long expired") {
  Setup setup;
  const TlsServer server{setup.authority.issue("bi.example.com", -1h, 24h * 365 * 7000)};
  const auto connection = dialled(server.port(), setup.authority.certificate(), "bi.example.com");
  REQUIRE(connection.stands);
  CHECK(connection.tls->not_after - std::chrono::system_clock::now() > 24h * 365 * 200);
  CHECK(tells_of_verification(*connection.tls));
}

TEST_CASE("a server that speaks only TLS 1.1 is refused as a matter of protocol") {
  Setup setup;
  const TlsServer server{setup.authority.issue("bi.example.com"), {"-tls1_1", "-cipher", "ALL:@SECLEVEL=0"}};
  CHECK(dialled(server.port(), setup.authority.certificate(), "bi.example.com").failure.reason ==
        Reason::tls_protocol);
}

TEST_CASE("a name that does not exist is a resolve failure, and a literal needs no look-up") {
  asio::io_context loop{1};
  Resolver resolver{loop.get_executor()};
  const auto missing = test::run(loop, resolver.resolve("no-such-host.invalid"), 15s);
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().reason == Reason::resolve);
  const auto literal = test::run(loop, resolver.resolve("::1"), 15s);
  REQUIRE(literal.has_value());
  CHECK(literal->front().to_string() == "::1");
  const auto local = test::run(loop, resolver.resolve("localhost"), 15s);
  REQUIRE(local.has_value());
  CHECK(local->front().is_loopback());
}

}  // namespace healthd
