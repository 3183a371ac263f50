#include "config/web_config.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/support/process.hpp"
#include "tests/unit/config/sample.hpp"

using namespace healthd;

namespace {

const std::string hash = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";

/// What load_web_file makes of a text, with the folder of the file cut from all that is said.
struct Loaded {
  explicit Loaded(const std::string& text) {
    const auto path = folder.path() / "web.yml";
    std::ofstream{path} << text;
    std::filesystem::permissions(path, std::filesystem::perms{0600});
    file = load_web_file(path.string(), problems);
    said = test::lines(problems);
    const auto prefix = folder.path().string() + "/";
    for (auto at = said.find(prefix); at != std::string::npos; at = said.find(prefix))
      said.erase(at, prefix.size());
  }
  test::TempDir folder;
  Problems problems;
  WebFile file;
  std::string said;
};

std::string said_of(const std::string& text) { return Loaded{text}.said; }

std::string tls_with(const std::string& line) {
  return "tls_server_config:\n  cert_file: a.pem\n  key_file: a.key\n  " + line + "\n";
}

}  // namespace

TEST_CASE("a web file as Prometheus' exporters take it is read whole") {
  const Loaded loaded{
      "tls_server_config:\n"
      "  cert_file: server.pem\n"
      "  key_file: /etc/ssl/private/server.key\n"
      "  client_auth_type: RequireAndVerifyClientCert\n"
      "  client_ca_file: ca.pem\n"
      "  client_allowed_sans: [prometheus.internal]\n"
      "  min_version: TLS12\n"
      "  max_version: TLS13\n"
      "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]\n"
      "  curve_preferences: [X25519, CurveP256]\n"
      "  prefer_server_cipher_suites: false\n"
      "http_server_config:\n"
      "  http2: false\n"
      "  headers:\n"
      "    Strict-Transport-Security: max-age=31536000\n"
      "basic_auth_users:\n"
      "  alice: " +
      hash + "\n"};
  CHECK(loaded.said == "");
  REQUIRE(loaded.file.tls.has_value());
  const auto& tls = *loaded.file.tls;
  CHECK(tls.cert_file == (loaded.folder.path() / "server.pem").string());
  CHECK(tls.key_file == "/etc/ssl/private/server.key");
  CHECK(tls.client_auth == ClientAuth::require_and_verify);
  CHECK(tls.client_allowed_sans == std::vector<std::string>{"prometheus.internal"});
  CHECK(tls.ciphers == std::vector<std::string>{"ECDHE-RSA-AES128-GCM-SHA256"});
  CHECK(tls.ciphers13 == std::vector<std::string>{"TLS_AES_128_GCM_SHA256"});
  CHECK(tls.curves == std::vector<std::string>{"X25519", "P-256"});
  CHECK_FALSE(tls.prefer_server_ciphers);
  CHECK(loaded.file.headers.size() == 1);
  CHECK(loaded.file.users.at("alice") == hash);
  CHECK(loaded.file.identifies());
}

TEST_CASE("an empty web file changes nothing") {
  const Loaded loaded{""};
  CHECK(loaded.said == "");
  CHECK_FALSE(loaded.file.tls.has_value());
  CHECK_FALSE(loaded.file.identifies());
}

TEST_CASE("a misspelt key of the web file is an error with its place and the nearest key") {
  CHECK(said_of("basic_auth_user:\n  a: b\n") ==
        "web.yml:1:1: unknown key \"basic_auth_user\"; did you mean \"basic_auth_users\"?\n");
  CHECK(said_of(tls_with("min_versoin: TLS12")) ==
        "web.yml:4:3: unknown key \"min_versoin\"; did you mean \"min_version\"?\n");
  CHECK(said_of("http_server_config:\n  headers: {X-Powered-By: us}\n")
            .starts_with("web.yml:2:13: unknown key \"X-Powered-By\""));
}

TEST_CASE("what the format knows and this server cannot do is refused in so many words") {
  CHECK(said_of("rate_limit: {interval: 1s}\n") ==
        "web.yml:1:13: rate_limit: is not supported here; failed logins are limited in any case\n");
  CHECK(said_of(tls_with("cert: x")) == "web.yml:4:9: cert: is not supported here; give cert_file\n");
  CHECK(said_of("http_server_config: {http2: true}\n") ==
        "web.yml:1:29: warning: http2: is not spoken here; clients use HTTP/1.1\n");
}

TEST_CASE("weak TLS is refused by name") {
  CHECK(said_of(tls_with("min_version: TLS10")) ==
        "web.yml:4:16: min_version: TLS10 is broken; TLS12 is the least\n");
  CHECK(said_of(tls_with("cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA]")).find("is too weak") !=
        std::string::npos);
  CHECK(said_of(tls_with("cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]")).find("is too weak") !=
        std::string::npos);
  CHECK(said_of(tls_with("cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA255]"))
            .find("did you mean \"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\"?") != std::string::npos);
  CHECK(said_of(tls_with("cipher_suites: [TLS_AES_128_GCM_SHA256]")).find("none is for TLS 1.2") !=
        std::string::npos);
  CHECK(said_of(tls_with("curve_preferences: [CurveP999]")).find("unknown \"CurveP999\"") !=
        std::string::npos);
}

TEST_CASE("settings for client certificates that keep nobody out are found") {
  CHECK(said_of(tls_with("client_auth_type: RequireAndVerifyClientCert")).find("needs client_ca_file") !=
        std::string::npos);
  CHECK(said_of(tls_with("client_ca_file: ca.pem")).find("nobody is asked for a certificate") !=
        std::string::npos);
  CHECK(said_of(tls_with("client_allowed_sans: [a]")).find("needs a client_auth_type that verifies") !=
        std::string::npos);
  CHECK(said_of(tls_with("client_auth_type: RequireAnyClientCert")).find("warning: ") != std::string::npos);
  CHECK(said_of("tls_server_config: {cert_file: a}\n").find("cert_file and key_file are needed") !=
        std::string::npos);
}

TEST_CASE("a user needs a bcrypt hash of a bearable cost, and nothing of it is repeated") {
  const auto problem = said_of("basic_auth_users: {alice: s3cret-in-the-clear}\n");
  CHECK(problem.find("no bcrypt hash") != std::string::npos);
  CHECK(problem.find("s3cret") == std::string::npos);
  const auto dear = "$2b$31$" + hash.substr(7);
  CHECK(said_of("basic_auth_users: {alice: \"" + dear + "\"}\n").find("costs too much") != std::string::npos);
  CHECK(said_of("basic_auth_users: {alice: \"" + hash + "\"}\n").find("passwords travel in the clear") !=
        std::string::npos);
}

TEST_CASE("a header field cannot be ended from the web file") {
  CHECK(said_of("http_server_config:\n  headers: {X-Frame-Options: \"a\\r\\nSet-Cookie: b\"}\n")
            .find("printable ASCII on one line") != std::string::npos);
}

TEST_CASE("the cost of a hash is read from hashes only") {
  CHECK(bcrypt_cost(hash) == 4);
  CHECK(bcrypt_cost("$2y$12$" + hash.substr(7)) == 12);
  CHECK_FALSE(bcrypt_cost("$2b$03$" + hash.substr(7)));
  CHECK_FALSE(bcrypt_cost("$1$04$" + hash.substr(7)));
  CHECK_FALSE(bcrypt_cost(hash.substr(1)));
  CHECK_FALSE(bcrypt_cost(""));
}

TEST_CASE("names by which we may be called are names or addresses without a port") {
  const auto hosts = [](const std::string& list) {
    Problems problems;
    const auto config =
        test::load_all("stack: s\nweb: {allowed_hosts: " + list + "}\nprobes: []\n", "c.yaml", problems);
    return std::pair{config.web.allowed_hosts,
                     test::lines(problems).find("without a port") != std::string::npos};
  };
  CHECK(hosts("[monitor.internal, 192.0.2.1, \"[2001:db8::1]\"]") ==
        std::pair{std::vector<std::string>{"monitor.internal", "192.0.2.1", "2001:db8::1"}, false});
  CHECK(hosts("[\"monitor:9848\"]").second);
  CHECK(hosts("[\"*\"]").second);
}
