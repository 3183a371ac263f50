// What we show of ourselves to a real TLS server: the name that we want, and who we are.
#include <catch2/catch_test_macros.hpp>

#include "tests/support/tls_bench.hpp"

namespace healthd {
namespace {

using test::dialled;
using test::TlsServer;
using test::trusting;

struct Setup {
  test::TempDir folder, elsewhere;
  test::Authority authority{folder.path()};
  test::Authority stranger{elsewhere.path(), "Stranger"};
  test::CertificateFiles own = authority.issue("bi.example.com");

  TlsSettings as(const test::CertificateFiles& client) const {
    auto settings = trusting(authority.certificate());
    settings.cert_file = client.certificate;
    settings.key_file = client.key;
    return settings;
  }
  /// A server that lets in only whom the authority vouches for.
  std::vector<std::string> strict(const char* version) const {
    return {version, "-Verify", "1", "-verify_return_error", "-CAfile", authority.certificate()};
  }
};

constexpr const char* versions[] = {"-tls1_3", "-tls1_2"};

}  // namespace

TEST_CASE("a server that asks for a client certificate and gets none says so, whatever its TLS version") {
  Setup setup;
  for (const auto* version : versions) {
    INFO(version);
    const TlsServer server{setup.own, setup.strict(version)};
    const auto connection = dialled(server.port(), trusting(setup.authority.certificate()));
    CHECK(connection.failure.reason == Reason::tls_handshake);
    CHECK(connection.failure.detail.find("for a client certificate") != std::string::npos);
  }
}

TEST_CASE("a client certificate of another authority is refused, and the right one is let in") {
  Setup setup;
  for (const auto* version : versions) {
    INFO(version);
    const TlsServer server{setup.own, setup.strict(version)};
    const auto wrong = dialled(server.port(), setup.as(setup.stranger.issue("monitor")));
    CHECK(wrong.failure.reason == Reason::tls_handshake);
    CHECK(wrong.failure.detail.find("refuses our client certificate") != std::string::npos);
    const auto right = dialled(server.port(), setup.as(setup.authority.issue("monitor")));
    CHECK_FALSE(static_cast<bool>(right.failure));
    CHECK_FALSE(right.body.empty());
  }
}

TEST_CASE("of two virtual hosts the one that is asked for answers, by the name that is configured") {
  Setup setup;
  const auto other = setup.authority.issue("second.example.com");
  const TlsServer server{
      setup.own, {"-servername", "second.example.com", "-cert2", other.certificate, "-key2", other.key}};
  for (const auto* name : {"bi.example.com", "second.example.com", "second.example.com."}) {
    INFO(name);
    const auto connection = dialled(server.port(), trusting(setup.authority.certificate(), name));
    REQUIRE(connection.stands);
    CHECK(std::string{name}.starts_with(connection.tls->subject_cn));
  }
}

TEST_CASE("a server that knows no such name is a matter of the name") {
  Setup setup;
  const auto other = setup.authority.issue("second.example.com");
  const TlsServer server{setup.own,
                         {"-servername", "second.example.com", "-servername_fatal", "-cert2",
                          other.certificate, "-key2", other.key}};
  CHECK(dialled(server.port(), trusting(setup.authority.certificate())).failure.reason ==
        Reason::tls_hostname);
}

TEST_CASE("an address is verified as an address, and never sent as a name") {
  Setup setup;
  const auto by_address = setup.authority.issue("127.0.0.1");
  // Where a name is sent at all, this server breaks off.
  const TlsServer server{by_address,
                         {"-servername", "x.example.com", "-servername_fatal", "-cert2",
                          setup.own.certificate, "-key2", setup.own.key}};
  CHECK(dialled(server.port(), trusting(setup.authority.certificate(), "127.0.0.1")).stands);
  CHECK(dialled(server.port(), trusting(setup.authority.certificate(), "127.0.0.9")).failure.reason ==
        Reason::tls_hostname);
}

}  // namespace healthd
