#include <catch2/catch_test_macros.hpp>

#include "probes/net/postgres.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

struct Read {
  PostgresTarget target;
  std::vector<Problem> problems;

  std::string keyword(std::string_view name) const {
    for (const auto& [key, value] : target.keywords)
      if (key == name) return value;
    return "(none)";
  }
};

Read read(const std::string& yaml) {
  Problems problems;
  auto options = Options::from_text(yaml, "test.yaml", problems);
  Read read;
  read.target = read_postgres_target(options, 5s);
  read.problems = problems.sorted();
  return read;
}

Read read_dsn(const std::string& dsn) { return read("dsn: \"" + dsn + "\"\n"); }

}  // namespace

TEST_CASE("a dsn becomes a target with everything that libpq would otherwise guess") {
  const auto got = read_dsn("host=127.0.0.1 dbname=superset user=healthd");

  REQUIRE(got.problems.empty());
  CHECK(to_string(got.target) == "127.0.0.1:5432");
  CHECK(got.keyword("dbname") == "superset");
  CHECK(got.keyword("application_name") == "superset-healthd");
  CHECK(got.keyword("gssencmode") == "disable");
  CHECK(got.keyword("client_encoding") == "UTF8");
  CHECK(got.keyword("passfile") == "/dev/null/none");
  CHECK(got.keyword("options").find("-c statement_timeout=5000 ") != std::string::npos);
  CHECK(got.keyword("options").find("-c lock_timeout=500 ") != std::string::npos);
  CHECK(got.keyword("hostaddr") == "(none)");
}

TEST_CASE("a server that vanished is noticed after twice the time limit, or by its silence") {
  const auto got = read_dsn("host=127.0.0.1 user=u");
  CHECK(got.keyword("tcp_user_timeout") == "10000");
  CHECK(got.keyword("keepalives") == "1");
  CHECK(got.keyword("keepalives_idle") == "10");
}

TEST_CASE("the socket's path fits into an address") {
  const std::string tail = "/.s.PGSQL.5432";
  const auto folder = [&](std::size_t bytes) { return "/" + std::string(bytes - tail.size() - 1, 'x'); };
  CHECK(read_dsn("host=" + folder(107) + " user=u").problems.empty());
  const auto problems = read_dsn("host=" + folder(108) + " user=u").problems;
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].message.find("more than 107 bytes") != std::string::npos);
}

TEST_CASE("TLS is verified by default where the server is not on this machine") {
  CHECK(read_dsn("host=127.0.0.1 user=u").keyword("sslmode") == "prefer");
  CHECK(read_dsn("host=::1 user=u").keyword("sslmode") == "prefer");
  CHECK(read_dsn("host=localhost user=u").keyword("sslmode") == "prefer");
  CHECK(read_dsn("user=u").keyword("sslmode") == "prefer");
  CHECK(read_dsn("host=db.example.com user=u").keyword("sslmode") == "verify-full");
  CHECK(read_dsn("host=10.0.0.7 user=u").keyword("sslmode") == "verify-full");
  CHECK(read_dsn("host=localhost hostaddr=10.0.0.7 user=u").keyword("sslmode") == "verify-full");
  CHECK(read_dsn("host=db.example.com user=u sslmode=disable").keyword("sslmode") == "disable");
  CHECK(read_dsn("host=db.example.com user=u sslrootcert=/ca.pem").keyword("sslrootcert") == "/ca.pem");
}

TEST_CASE("targets are shown without users and databases") {
  CHECK(to_string(read_dsn("host=db port=6432 user=u").target) == "db:6432");
  CHECK(to_string(read_dsn("hostaddr=::1 user=u").target) == "[::1]:5432");
  CHECK(to_string(read_dsn("user=u").target) == "/var/run/postgresql/.s.PGSQL.5432");
  CHECK(to_string(read_dsn("postgresql://u@db.example.com:6432/superset").target) == "db.example.com:6432");
}

TEST_CASE("what does not belong in a dsn is refused, and a password in it is never repeated") {
  const std::pair<const char*, const char*> wrong[] = {
      {"host=a user=u password=hunter2", "a password does not belong here; use password_file"},
      {"postgresql://u:hunter2@db/superset", "a password does not belong here; use password_file"},
      {"host=a user=u password=hunter 2", "not a libpq connection string"},
      {"host=a,b user=u", "`host` names several servers"},
      {"host=a dbname=superset", "`user` is missing"},
      {"host=a user=u port=0", "`port` is not a port number"},
      {"host=a user=u options=-cfsync=off", "`options` cannot be set here"},
      {"host=a user=u connect_timeout=3", "`connect_timeout` cannot be set here"},
      {"host=a user=u nonsense=1", "not a libpq connection string"},
  };
  for (const auto& [dsn, complaint] : wrong) {
    INFO(dsn);
    const auto got = read_dsn(dsn);
    REQUIRE(got.problems.size() == 1);
    CHECK(got.problems[0].message.find(complaint) != std::string::npos);
    CHECK(got.problems[0].message.find("hunter") == std::string::npos);
  }
}

TEST_CASE("a refusal is told by its SQLSTATE, whatever the server's language") {
  const std::pair<const char*, Reason> cases[] = {
      {"connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  53300\n",
       Reason::too_many_connections},
      {"connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  57P03\n", Reason::starting},
      {"connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  28P01\n", Reason::auth},
      {"connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  28000\n", Reason::auth},
      {"connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  3D000\n", Reason::wrong_database},
      {"connection to server at \"127.0.0.1\", port 5432 failed: \xc3\x9c: 53300\n",
       Reason::too_many_connections},
      // One address refuses, the next one answers: the answer counts.
      {"connection to server at \"::1\", port 5432 failed: Connection refused\n\tIs the server running?\n"
       "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  53300\n",
       Reason::too_many_connections},
  };
  for (const auto& [text, reason] : cases) {
    INFO(text);
    CHECK(pg_failure_from_text(text).reason == reason);
  }
}

TEST_CASE("whose limit was reached is told by the place in the server's source, not by its words") {
  const std::string role =
      "FATAL:  53300: zu viele Verbindungen\nLOCATION:  InitializeSessionUserId, miscinit.c:688\n";
  const std::string server = "FATAL:  53300: sorry\nLOCATION:  InitProcess, proc.c:359\n";
  CHECK(pg_failure_from_text(role).reason == Reason::too_many_connections);
  CHECK(pg_failure_from_text(role).detail.starts_with("the monitor's role has as many connections as"));
  CHECK(pg_failure_from_text(server).reason == Reason::too_many_connections);
  CHECK(pg_failure_from_text(server).detail.find("monitor's role") == std::string::npos);
  CHECK(pg_failure_from_text("FATAL:  28P01: password of \"x\"\n").detail.find('x') == std::string::npos);
}

TEST_CASE("what libpq itself complains about becomes a closed reason") {
  const std::string at = "connection to server at \"10.0.0.7\", port 5432 failed: ";
  const std::pair<std::string, Reason> cases[] = {
      {at + "Connection refused\n\tIs the server running on that host?\n", Reason::connect_refused},
      {"connection to server on socket \"/run/x\" failed: No such file or directory\n",
       Reason::connect_refused},
      {"connection to server on socket \"/run/x\" failed: Resource temporarily unavailable\n",
       Reason::connect_timeout},
      {at + "No route to host\n", Reason::unreachable},
      {at + "Connection timed out\n", Reason::connect_timeout},
      {"could not create socket: Too many open files\n", Reason::internal},
      {at + "Cannot assign requested address\n", Reason::internal},
      {at + "server closed the connection unexpectedly\n\tThis probably means\n", Reason::reset},
      {at + "SSL error: certificate verify failed\n", Reason::tls_untrusted},
      {at + "server certificate for \"a\" does not match host name \"b\"\n", Reason::tls_hostname},
      {at + "server does not support SSL, but SSL was required\n", Reason::tls_handshake},
      {at + "root certificate file \"/ca.pem\" does not exist\n", Reason::tls_untrusted},
      {at + "fe_sendauth: no password supplied\n", Reason::auth},
      {at + "received invalid response to SSL negotiation: H\n", Reason::protocol},
      {at + "expected authentication request from server, but received \xff\n", Reason::protocol},
  };
  for (const auto& [text, reason] : cases) {
    INFO(text);
    CHECK(pg_failure_from_text(text).reason == reason);
  }
  CHECK(pg_failure_from_text(at + "No route to host\n").detail == "No route to host");
  const std::string cut = "SSL SYSCALL error: EOF detected\n";
  CHECK(pg_failure_from_text(cut).reason == Reason::reset);
  CHECK(pg_failure_from_text(at + cut, Phase::auth).reason == Reason::reset);
  CHECK(pg_failure_from_text(at + cut, Phase::tls).reason == Reason::tls_handshake);
}

TEST_CASE("errors of a query keep their meaning and lose what could harm a log") {
  CHECK(pg_failure("42501", "permission denied for table logs").reason == Reason::permission);
  CHECK(pg_failure("25006", "").reason == Reason::read_only);
  CHECK(pg_failure("57014", "").reason == Reason::timeout);
  CHECK(pg_failure("55P03", "").reason == Reason::timeout);
  CHECK(pg_failure("57P01", "").reason == Reason::reset);
  CHECK(pg_failure("53100", "disk full").reason == Reason::query_error);
  CHECK(pg_failure("XX000", "a\nb\x1b[31m\xff").detail ==
        "the server reported an error: a b [31m? (SQLSTATE XX000)");
  CHECK(pg_failure("XX000", std::string(5000, 'x')).detail.size() < 300);
}

}  // namespace healthd
