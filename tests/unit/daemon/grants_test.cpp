#include <catch2/catch_test_macros.hpp>

#include "daemon/grants_check.hpp"
#include "daemon/grants_redis_trials.hpp"
#include "daemon/grants_run.hpp"
#include "daemon/grants_text.hpp"

namespace healthd {
namespace {

PostgresNeeds on_postgres(std::string probe, std::string role, std::string database = "superset") {
  PostgresNeeds needs;
  needs.probe = std::move(probe);
  needs.target.host = "127.0.0.1";
  needs.target.keywords = {{"user", std::move(role)}, {"dbname", std::move(database)}};
  needs.target.password = Secret{"hd-canary-secret"};
  needs.connections = 2;
  needs.memberships = {"pg_monitor"};
  return needs;
}

RedisNeeds on_redis(std::string probe, std::string user = "") {
  RedisNeeds needs;
  needs.probe = std::move(probe);
  needs.target.endpoint.host = "127.0.0.1";
  needs.target.endpoint.port = 6379;
  needs.target.username = std::move(user);
  needs.target.password = Secret{"hd-canary-secret"};
  needs.commands = {"ping", "info"};
  return needs;
}

bool says(const std::string& text, std::string_view words) { return text.find(words) != std::string::npos; }

}  // namespace

TEST_CASE("probes that share a role share its limit, its tables and its columns") {
  Needs needs;
  needs.postgres = {on_postgres("metadata", "healthd"), on_postgres("examples", "healthd", "examples"),
                    on_postgres("reports", "healthd")};
  needs.postgres[0].reads = {{"query", {"status"}}, {"logs", {"dttm"}}};
  needs.postgres[2].reads = {{"query", {"start_time"}}, {"logs", {}}};
  const auto accounts = postgres_accounts(needs);
  REQUIRE(accounts.size() == 1);
  CHECK(accounts[0].connections == 6);
  CHECK(accounts[0].connection_limit() == 13);  // two daemons, and a person
  const auto sql = grants_sql(accounts);
  CHECK(says(sql, R"(GRANT SELECT ("start_time", "status") ON public."query" TO "healthd";)"));
  CHECK(says(sql, R"(GRANT SELECT ON public."logs" TO "healthd";)"));
  CHECK(says(sql, "-- For metadata, reports.\n"));
  CHECK(says(sql, R"(GRANT CONNECT ON DATABASE "examples" TO "healthd";)"));
  CHECK(says(sql, "\n\\connect \"examples\"\n"));
  CHECK_FALSE(says(sql, "hd-canary"));
}

TEST_CASE("the same role on another server is another account") {
  Needs needs;
  needs.postgres = {on_postgres("one", "healthd"), on_postgres("two", "healthd")};
  needs.postgres[1].target.port = 5433;
  const auto accounts = postgres_accounts(needs);
  REQUIRE(accounts.size() == 2);
  CHECK(accounts[0].connections == 2);
  const auto sql = grants_sql(accounts);
  CHECK(says(sql, "printed more than once"));
  // Whatever came before, each account's statements begin in its own database.
  CHECK(sql.find("\\connect \"superset\"") < sql.find("CREATE ROLE"));
  CHECK(sql.rfind("\\connect \"superset\"") > sql.rfind("ALTER ROLE"));
  CHECK(sql.find("\\set ON_ERROR_STOP on") < sql.find("\\connect"));
}

TEST_CASE("two names of this machine are one server, whose limit is for all probes") {
  Needs needs;
  needs.postgres = {on_postgres("one", "healthd"), on_postgres("two", "healthd"),
                    on_postgres("three", "healthd")};
  needs.postgres[1].target.host = "localhost";
  needs.postgres[2].target.host = "db.example";
  needs.redis = {on_redis("cache", "healthd"), on_redis("broker", "healthd")};
  needs.redis[0].target.endpoint.host = "localhost";
  const auto roles = postgres_accounts(needs);
  REQUIRE(roles.size() == 2);
  CHECK(roles[1].server == "127.0.0.1:5432, localhost:5432");
  CHECK(roles[1].connection_limit() == 9);
  const auto users = redis_accounts(needs);
  REQUIRE(users.size() == 1);
  CHECK(users[0].server == "localhost:6379, 127.0.0.1:6379");
  CHECK_FALSE(says(grants_acl(users), "printed more than once"));
}

TEST_CASE("a Redis user that may be the application's is not printed without a warning") {
  Needs needs;
  needs.redis = {on_redis("cache", "superset")};
  const auto acl = grants_acl(redis_accounts(needs));
  CHECK(says(acl, "STOP: is \"superset\" the monitor's own user?"));
  CHECK(acl.find("STOP") < acl.find("ACL SETUSER"));
  needs.redis = {on_redis("cache", "healthd"), on_redis("broker")};
  CHECK_FALSE(says(grants_acl(redis_accounts(needs)), "STOP"));
}

TEST_CASE("no name can end a quotation, a comment or a block") {
  Needs needs;
  needs.postgres = {on_postgres("metadata", "he\"al'th\\d$grants$", "d\nDROP TABLE x; --")};
  const auto sql = grants_sql(postgres_accounts(needs));
  CHECK(says(sql, R"(CREATE ROLE "he""al'th\d$grants$" LOGIN;)"));
  CHECK(says(sql, R"(rolname = E'he"al''th\\d$grants$')"));
  CHECK(says(sql, "DO $grants_$"));
  CHECK(says(sql, "\"d\nDROP TABLE x; --\""));
  CHECK(says(sql, "Concerns the database d?DROP TABLE x; --"));
  CHECK(sql_identifier("a\"b") == "\"a\"\"b\"");
  CHECK(shell_word("it's") == "'it'\\''s'");
  CHECK(shell_word("%R~celery") == "'%R~celery'");
  CHECK(shell_word("") == "''");
}

TEST_CASE("probes on one Redis user are merged, and what is written is not also read only") {
  Needs needs;
  needs.redis = {on_redis("broker", "healthd"), on_redis("workers", "healthd")};
  needs.redis[0].reads = {"healthd:canary", "celery"};
  needs.redis[1].writes = {"healthd:canary"};
  needs.redis[1].commands.insert("llen");
  needs.redis[1].channels = {"/0.celery.pidbox"};
  needs.redis[1].reads = {
      "celery\x06\x16"
      "3"};
  const auto accounts = redis_accounts(needs);
  REQUIRE(accounts.size() == 1);
  CHECK(acl_rules(accounts[0]) == std::vector<std::string>{"resetkeys", "resetchannels", "-@all", "+info",
                                                           "+llen", "+ping", "%R~celery", "%R~celery??3",
                                                           "~healthd:canary", "&/0.celery.pidbox"});
  const auto acl = grants_acl(accounts);
  CHECK(
      says(acl, "redis-cli -h 127.0.0.1 -p 6379 ACL SETUSER healthd on resetpass '#SHA256-of-the-password'"));
  CHECK(says(acl, "# user healthd on resetpass #SHA256-of-the-password resetkeys"));
  CHECK_FALSE(says(acl, "default user"));
  CHECK_FALSE(says(acl, "hd-canary"));
}

TEST_CASE("probes that log in as everybody are told how to get a user of their own") {
  Needs needs;
  needs.redis = {on_redis("cache"), on_redis("broker", "default")};
  const auto accounts = redis_accounts(needs);
  REQUIRE(accounts.size() == 1);
  const auto acl = grants_acl(accounts);
  CHECK(says(acl, "ACL SETUSER healthd on"));
  CHECK(says(acl, "broker, cache"));
  CHECK(says(acl, "`username: healthd`"));
}

TEST_CASE("nothing configured is said, in a comment") {
  CHECK(says(grants_sql({}), "-- No probe"));
  CHECK(says(grants_acl({}), "# No probe"));
}

TEST_CASE("the words of every Redis version tell which right was missing") {
  const auto answer = [](std::string text) {
    return read_answer({RedisReply::Kind::error, std::move(text)});
  };
  CHECK(answer("NOPERM this user has no permissions to run the 'get' command or its subcommand") ==
        Answer::no_command);
  CHECK(answer("NOPERM User healthd has no permissions to run the 'get' command") == Answer::no_command);
  CHECK(answer("NOPERM this user has no permissions to access one of the keys used as arguments") ==
        Answer::no_key);
  CHECK(answer("NOPERM No permissions to access a key") == Answer::no_key);
  CHECK(answer("NOPERM No permissions to access a channel") == Answer::no_channel);
  CHECK(answer("WRONGTYPE Operation against a key holding the wrong kind of value") == Answer::allowed);
  CHECK(answer("OOM command not allowed when used memory > 'maxmemory'.") == Answer::allowed);
  CHECK(answer("ERR wrong number of arguments for 'get' command") == Answer::unclear);
  CHECK(answer("ERR unknown command 'GET', with args beginning with:") == Answer::unclear);
  CHECK(answer("NOAUTH Authentication required.") == Answer::unclear);
  CHECK(
      answer("ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can "
             "run it from a local connection") == Answer::unclear);
}

TEST_CASE("of a probe's run only refusals are missing rights, and what was not asked is unknown") {
  const auto compared = [](std::vector<CheckResult> checks) {
    ProbeResult result;
    result.checks = std::move(checks);
    if (result.checks.empty()) result.reason = Reason::timeout;
    Findings findings;
    compare_run(result, findings);
    return findings;
  };
  CHECK(compared({{"connect", Status::up}}).exact());
  const auto refused = compared({{"connect", Status::down, Reason::auth, "password authentication failed"},
                                 {"query", Status::down, Reason::auth, "there is no session to ask over"}});
  CHECK(refused.missing == std::vector<std::string>{"check connect: password authentication failed"});
  CHECK(refused.unknown == std::vector<std::string>{"check query: there is no session to ask over"});
  const auto gone = compared({{"connect", Status::down, Reason::connect_refused}});
  CHECK(gone.unknown == std::vector<std::string>{"check connect: connect_refused"});
  const auto silent = compared({{"workers", Status::down, Reason::no_reply, "no worker replied"}});
  CHECK(silent.exact());
  CHECK(silent.notes == std::vector<std::string>{"check workers: no worker replied"});
  CHECK(compared({{"query", Status::unknown, Reason::none, "not asked"}}).unknown ==
        std::vector<std::string>{"check query: not asked"});
  CHECK(compared({}).unknown == std::vector<std::string>{"the run: timeout"});
}

TEST_CASE("a key is made to fit a pattern, and only a long one counts as nobody's") {
  CHECK(sample_key("unacked", "abc").key == "unacked");
  CHECK_FALSE(sample_key("unacked", "abc").is_free);
  CHECK(sample_key("celery??3", "abc").key == "celeryab3");
  CHECK_FALSE(sample_key("celery??3", "abc").is_free);
  CHECK(sample_key("????????????????.reply", "abc").is_free);
  CHECK(sample_key("a\\*b*", "xyz").key == "a*bxyz");
}

TEST_CASE("libpq's text is shown without the password") {
  CHECK(cleaned_error("failed: hd-canary\nDETAIL: hd-canary\n", Secret{"hd-canary"}) == "failed: ?DETAIL: ");
}

}  // namespace healthd
