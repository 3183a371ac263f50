// Every way in which a certificate can be wrong, against a real TLS server.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "probes/http_get.hpp"
#include "tests/support/tls_bench.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;
using test::CertificateFiles;
using test::dialled;
using test::TlsServer;
using test::trusting;

struct Setup {
  test::TempDir folder;
  test::Authority authority{folder.path()};

  test::Dialled at(const TlsServer& server) const {
    return dialled(server.port(), trusting(authority.certificate()));
  }
};

bool tells_of_verification(const TlsReport& report) {
  ProbeResult result;
  add_tls_samples(report, result);
  return std::ranges::count(result.samples, "healthd_tls_verify_ok", &Sample::name) > 0;
}

}  // namespace

TEST_CASE("a good certificate for the right name is accepted and described") {
  Setup setup;
  const TlsServer server{setup.authority.issue("bi.example.com", -1h, 24h * 5)};
  const auto connection = setup.at(server);
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
    Reason reason;
    bool reaches_authority;
  };
  const Row rows[] = {
      {setup.authority.issue("bi.example.com", -48h, -1h), Reason::tls_expired, true},
      {setup.authority.issue("bi.example.com", 1h, 48h), Reason::tls_not_yet_valid, true},
      {setup.authority.issue("other.example.com"), Reason::tls_hostname, true},
      {stranger.issue("bi.example.com"), Reason::tls_untrusted, false},
  };
  for (const auto& row : rows) {
    const TlsServer server{row.files};
    const auto connection = setup.at(server);
    CHECK_FALSE(connection.stands);
    CHECK(connection.failure.reason == row.reason);
    REQUIRE(connection.tls.has_value());
    CHECK(connection.tls->not_after.time_since_epoch().count() != 0);
    CHECK(connection.tls->verified_not_after.has_value() == row.reaches_authority);
  }
}

TEST_CASE("of several faults at once the deepest is the reason, and all are told") {
  Setup setup;
  const test::TempDir elsewhere;
  test::Authority stranger{elsewhere.path()};
  {
    const TlsServer server{setup.authority.issue("other.example.com", -48h, -1h)};
    const auto connection = setup.at(server);
    CHECK(connection.failure.reason == Reason::tls_hostname);
    CHECK(connection.failure.detail == "the certificate is for another name; the certificate has expired");
  }
  const TlsServer server{stranger.issue("other.example.com", -48h, -1h)};
  const auto connection = setup.at(server);
  CHECK(connection.failure.reason == Reason::tls_untrusted);
  CHECK(connection.failure.detail.find("another name; the certificate has expired") != std::string::npos);
}

TEST_CASE("a chain is judged as a whole: an issuer between that is missing, or past its end") {
  Setup setup;
  const test::TempDir elsewhere;
  test::Authority between{elsewhere.path(), "Issuing CA"};
  const auto leaf = between.issue("bi.example.com");
  {
    const TlsServer server{leaf, {"-cert_chain", setup.authority.vouch_for(between)}};
    CHECK(setup.at(server).stands);
  }
  {
    const TlsServer server{leaf};
    CHECK(setup.at(server).failure.reason == Reason::tls_untrusted);
  }
  const TlsServer server{leaf, {"-cert_chain", setup.authority.vouch_for(between, -48h, -1h)}};
  const auto connection = setup.at(server);
  CHECK(connection.failure.reason == Reason::tls_expired);
  CHECK(connection.failure.detail == "the issuer's certificate (Issuing CA) has expired");
  CHECK(connection.tls->chain_not_after < std::chrono::system_clock::now());
  CHECK(connection.tls->not_after > std::chrono::system_clock::now());
}

TEST_CASE("a served certificate that no client needs may expire: the chain that verifies counts") {
  Setup setup;
  const test::TempDir elsewhere;
  test::Authority former{elsewhere.path(), "Former CA"};
  const TlsServer server{setup.authority.issue("bi.example.com"),
                         {"-cert_chain", former.vouch_for(setup.authority, -48h, -1h)}};
  const auto connection = setup.at(server);
  REQUIRE(connection.stands);
  CHECK(connection.tls->chain_not_after < std::chrono::system_clock::now());
  CHECK(connection.tls->verified_not_after == connection.tls->not_after);
}

TEST_CASE("where verification is turned off the connection stands, and the finding is still recorded") {
  Setup setup;
  const TlsServer server{setup.authority.issue("bi.example.com", -48h, -1h)};
  auto settings = trusting(setup.authority.certificate());
  settings.verify = false;
  const auto connection = dialled(server.port(), settings);
  CHECK(connection.stands);
  REQUIRE(connection.tls.has_value());
  CHECK(connection.tls->verification.reason == Reason::tls_expired);
  CHECK_FALSE(tells_of_verification(*connection.tls));
}

TEST_CASE("a certificate that outlives the clock's range is valid for long, not long expired") {
  Setup setup;
  const TlsServer server{setup.authority.issue("bi.example.com", -1h, 24h * 365 * 7000)};
  const auto connection = setup.at(server);
  REQUIRE(connection.stands);
  CHECK(connection.tls->not_after - std::chrono::system_clock::now() > 24h * 365 * 200);
  CHECK(tells_of_verification(*connection.tls));
}

TEST_CASE("a server that speaks only TLS 1.1 or older is refused as a matter of protocol") {
  Setup setup;
  for (const auto* version : {"-tls1_1", "-tls1"}) {
    const TlsServer server{setup.authority.issue("bi.example.com"), {version, "-cipher", "ALL:@SECLEVEL=0"}};
    CHECK(setup.at(server).failure.reason == Reason::tls_protocol);
  }
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
