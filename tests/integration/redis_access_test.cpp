// The ways in: passwords, users, TLS, Unix sockets, databases, each with a real server.
#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "tests/support/celery_stack.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/probe_bench.hpp"

using namespace healthd;
using namespace healthd::test;
using namespace std::chrono_literals;

namespace {

constexpr auto secret = "hd-canary-3f9a";

/// A file with the secret that nobody else may read.
std::string secret_file(const TempDir& folder, const std::string& text = secret) {
  const auto file = folder.path() / "pw";
  std::ofstream{file} << text << '\n';
  std::filesystem::permissions(file,
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  return "password_file: " + file.string() + "\n";
}

bool tells_secret(const ProbeResult& result) {
  std::string all = result.detail;
  for (const auto& check : result.checks) all += check.detail;
  for (const auto& [name, value] : result.evidence) all += name + value;
  for (const auto& sample : result.samples)
    for (const auto& [name, value] : sample.labels) all += value;
  return all.find("hd-canary") != std::string::npos;
}

/// A Redis that speaks TLS on a second port, with a certificate for redis.example.com.
struct TlsRedis {
  explicit TlsRedis(bool asks_clients)
      : port{free_port()}, files{authority.issue("redis.example.com")}, server{settings(asks_clients)} {}

  std::vector<std::string> settings(bool asks_clients) const {
    return {"tls-port " + std::to_string(port), "tls-cert-file " + files.certificate,
            "tls-key-file " + files.key, "tls-ca-cert-file " + authority.certificate(),
            std::string{"tls-auth-clients "} + (asks_clients ? "yes" : "no")};
  }
  std::string keys(const std::string& tls) const {
    return "url: rediss://127.0.0.1:" + std::to_string(port) + "/3\ntls: {" + tls + "}\n";
  }
  std::string trusted() const { return "ca_file: " + authority.certificate(); }

  TempDir folder;
  Authority authority{folder.path()};
  std::uint16_t port;
  CertificateFiles files;
  RedisServer server;
};

}  // namespace

TEST_CASE(
    "a user with the rights that the probe asks for is enough, and the database is the one of the URL") {
  TempDir folder;
  RedisServer server{{"user default off", std::string{"user healthd on >"} + secret +
                                              " -@all +ping +info +select +client|setname"}};
  ProbeBench bench;
  const auto keys = "url: " + server.url(5) + "\nusername: healthd\n" + secret_file(folder);
  const auto result = bench.run(*bench.make("redis", "cache", keys));
  INFO(bench.problems() << result.detail);
  CHECK(result.status == Status::up);
  CHECK(sample_value(result, "healthd_redis_db_keys", "5") == 0);
  CHECK(result.phases[Phase::auth].has_value());
  CHECK_FALSE(tells_secret(result));
}

TEST_CASE("a refused login lets the target rest, and a lack of rights does not") {
  TempDir folder;
  RedisServer server{{std::string{"user healthd on >"} + secret + " -@all +info", "user limited on nopass"}};
  ProbeBench bench;
  const auto url = "url: " + server.url() + "\nusername: healthd\n";
  const auto forbidden = bench.run(*bench.make("redis", "forbidden", url + secret_file(folder)));
  CHECK(forbidden.status == Status::unknown);
  CHECK(forbidden.reason == Reason::permission);
  CHECK(forbidden.rest == 0ms);
  CHECK(find_sample(forbidden, "healthd_redis_up") == nullptr);

  const auto wrong = bench.run(*bench.make("redis", "wrong", url + secret_file(folder, "hd-canary-other")));
  CHECK(wrong.status == Status::unknown);
  CHECK(wrong.reason == Reason::auth);
  CHECK(wrong.rest == 60s);
  CHECK_FALSE(tells_secret(forbidden));
  CHECK_FALSE(tells_secret(wrong));
}

TEST_CASE("a Redis behind TLS is reached with its authority, and with nothing less") {
  TlsRedis redis{false};
  ProbeBench bench;
  const auto ask = [&](const char* name, const std::string& tls) {
    return bench.run(*bench.make("redis", name, redis.keys(tls)));
  };
  const auto good = ask("good", redis.trusted() + ", server_name: redis.example.com");
  INFO(bench.problems() << good.detail);
  CHECK(good.status == Status::up);
  CHECK(good.phases[Phase::tls].has_value());
  CHECK(sample_value(good, "healthd_redis_db_keys", "3") == 0);
  CHECK(ask("name", redis.trusted() + ", server_name: other.example.com").reason == Reason::tls_hostname);
  CHECK(ask("stranger", "server_name: redis.example.com").reason == Reason::tls_untrusted);
}

TEST_CASE("a Redis that asks for a client certificate gets it") {
  TlsRedis redis{true};
  ProbeBench bench;
  const auto mine = redis.authority.issue("healthd.example.com");
  const auto named = redis.trusted() + ", server_name: redis.example.com";
  const auto with = bench.run(*bench.make(
      "redis", "with", redis.keys(named + ", cert_file: " + mine.certificate + ", key_file: " + mine.key)));
  INFO(bench.problems() << with.detail);
  CHECK(with.status == Status::up);
  const auto without = bench.run(*bench.make("redis", "without", redis.keys(named)));
  CHECK(without.status != Status::up);
  CHECK(without.reason == Reason::tls_handshake);
}

TEST_CASE("a Redis on a Unix socket is asked in the database that is named") {
  TempDir folder;
  const auto path = (folder.path() / "redis.sock").string();
  RedisServer server{{"unixsocket " + path}};
  ProbeBench bench;
  const auto probe = bench.make("redis", "cache", "url: unix://" + path + "\ndatabase: 4\n");
  CHECK(probe->target() == path);
  const auto result = bench.run(*probe);
  INFO(bench.problems() << result.detail);
  CHECK(result.status == Status::up);
  CHECK(sample_value(result, "healthd_redis_db_keys", "4") == 0);
  server.stop();
  CHECK(bench.run(*probe).reason == Reason::connect_refused);
}

TEST_CASE("a user whom the server does not know is our fault, not an outage") {
  TempDir folder;
  RedisServer server;
  ProbeBench bench;
  const auto keys = "url: " + server.url() + "\nusername: nobody\n" + secret_file(folder);
  const auto result = bench.run(*bench.make("redis", "cache", keys));
  CHECK(result.status == Status::unknown);
  CHECK(result.reason == Reason::auth);
}
