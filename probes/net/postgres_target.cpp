// From a dsn to the keywords that libpq gets. Each one that matters is set, so that neither PG* variables nor
// files in a home folder decide what the monitor does.
#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "probes/net/dial.hpp"
#include "probes/net/postgres.hpp"

namespace healthd {
namespace {

/// What a dsn may say. The rest is ours to decide, or a secret.
constexpr std::string_view allowed_keywords[] = {"host",   "hostaddr",    "port",           "user",
                                                 "dbname", "sslmode",     "sslcert",        "sslkey",
                                                 "sslcrl", "sslrootcert", "channel_binding"};
constexpr std::string_view default_socket_folder = "/var/run/postgresql";
/// A path that can never exist: libpq then goes on without the file, and asks neither PG* variables nor the
/// home folder.
constexpr const char* no_file = "/dev/null/none";
constexpr std::string_view system_certificates = "/etc/ssl/certs/ca-certificates.crt";

using Keywords = std::map<std::string, std::string>;

/// libpq's complaint is repeated only where no password can be part of it.
std::string complaint(std::string_view dsn, const char* text) {
  std::string message =
      "dsn: not a libpq connection string such as `host=127.0.0.1 dbname=superset user=healthd`";
  if (text == nullptr || dsn.find("pass") != std::string_view::npos ||
      dsn.find("://") != std::string_view::npos)
    return message;
  message += std::string{": "} + text;
  while (message.ends_with('\n')) message.pop_back();
  std::ranges::replace_if(message, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return message;
}

void take(Options& options, const PQconninfoOption& option, Keywords& keywords) {
  const std::string_view name = option.keyword;
  if (name == "password") {
    options.error("dsn", "dsn: a password does not belong here; use password_file");
  } else if (std::ranges::find(allowed_keywords, name) == std::end(allowed_keywords)) {
    options.error("dsn", "dsn: `" + std::string{name} + "` cannot be set here");
  } else {
    keywords[option.keyword] = option.val;
  }
}

std::optional<Keywords> parse(Options& options, const std::string& dsn) {
  char* error = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> parsed{
      PQconninfoParse(dsn.c_str(), &error), PQconninfoFree};
  const std::unique_ptr<char, void (*)(void*)> error_owner{error, PQfreemem};
  if (!parsed) {
    options.error("dsn", complaint(dsn, error));
    return std::nullopt;
  }
  Keywords keywords;
  for (const auto* option = parsed.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr && *option->val != '\0') take(options, *option, keywords);
  for (const auto* name : {"host", "hostaddr", "port"})
    if (keywords[name].find(',') != std::string::npos)
      options.error("dsn",
                    std::string{"dsn: `"} + name + "` names several servers; make it one probe for each");
  return keywords;
}

std::uint16_t read_port(Options& options, const std::string& text) {
  if (text.empty()) return 5432;
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0)
    options.error("dsn", "dsn: `port` is not a port number");
  return port;
}

bool is_local(const PostgresTarget& target) {
  if (target.is_unix()) return true;
  const auto& place = target.address.empty() ? target.host : target.address;
  boost::system::error_code not_an_address;
  const auto address = asio::ip::make_address(place, not_an_address);
  return not_an_address ? place == "localhost" : address.is_loopback();
}

std::string run_time_settings(Duration statement_timeout) {
  const auto statement = std::max<Duration::rep>(statement_timeout.count(), 1);
  const auto lock = std::clamp<Duration::rep>(statement / 4, 1, 500);
  return "-c statement_timeout=" + std::to_string(statement) + " -c lock_timeout=" + std::to_string(lock) +
         " -c idle_in_transaction_session_timeout=10000";
}

/// A peer that vanished is noticed soon: by what it does not acknowledge, or by silence. A frozen one still
/// acknowledges, and keeps its session.
Keywords signs_of_life(Duration timeout) {
  return {{"tcp_user_timeout", std::to_string(2 * std::max<Duration::rep>(timeout.count(), 1))},
          {"keepalives", "1"},
          {"keepalives_idle", "10"},
          {"keepalives_interval", "5"},
          {"keepalives_count", "3"}};
}

}  // namespace

std::string to_string(const PostgresTarget& target) {
  if (target.is_unix()) return target.host + "/.s.PGSQL." + std::to_string(target.port);
  const bool v6 = target.host.find(':') != std::string::npos;
  return (v6 ? "[" + target.host + "]" : target.host) + ":" + std::to_string(target.port);
}

PostgresTarget read_postgres_target(Options& options, Duration timeout) {
  PostgresTarget target;
  const auto dsn = options.require_text("dsn");
  target.password = options.secret("password").value_or(Secret{});
  if (dsn.empty()) return target;

  auto parsed = parse(options, dsn);
  if (!parsed) return target;
  Keywords& keywords = *parsed;
  if (keywords["user"].empty()) options.error("dsn", "dsn: `user` is missing");
  target.address = keywords["hostaddr"];
  target.host = keywords["host"].empty() ? target.address : keywords["host"];
  if (target.host.empty()) target.host = default_socket_folder;
  target.port = read_port(options, keywords["port"]);
  if (target.is_unix() && to_string(target).size() > most_unix_path_bytes)
    options.error("dsn", "dsn: the path of the server's socket has more than " +
                             std::to_string(most_unix_path_bytes) + " bytes");

  keywords.try_emplace("dbname", keywords["user"]);
  keywords.try_emplace("sslmode", is_local(target) ? "prefer" : "verify-full");
  if (keywords["sslmode"].starts_with("verify")) keywords.try_emplace("sslrootcert", system_certificates);
  for (const auto* name : {"sslrootcert", "sslcert", "passfile"}) keywords.try_emplace(name, no_file);
  keywords.insert({{"application_name", "superset-healthd"},
                   {"client_encoding", "UTF8"},
                   {"gssencmode", "disable"},
                   {"target_session_attrs", "any"},
                   {"options", run_time_settings(timeout)}});
  keywords.merge(signs_of_life(timeout));
  for (const auto* name : {"host", "hostaddr", "port"}) keywords.erase(name);
  target.keywords.assign(keywords.begin(), keywords.end());
  return target;
}

}  // namespace healthd
