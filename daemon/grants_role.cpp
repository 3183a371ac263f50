#include "daemon/grants_role.hpp"

#include <map>

#include "daemon/grants_text.hpp"

namespace healthd {
namespace {

std::string of_role(const std::string& what) {
  return "SELECT " + what + " FROM pg_catalog.pg_roles WHERE rolname = current_user";
}

std::string value(const AskSql& ask, const std::string& sql) {
  const auto rows = ask(sql);
  return rows.empty() ? std::string{} : rows.front().front();
}

void compare_attributes(const AskSql& ask, Findings& findings) {
  static constexpr std::pair<const char*, const char*> dangerous[] = {
      {"rolcreaterole", "CREATEROLE"},
      {"rolcreatedb", "CREATEDB"},
      {"rolreplication", "REPLICATION"},
      {"rolbypassrls", "BYPASSRLS"},
  };
  for (const auto& [attribute, word] : dangerous)
    if (value(ask, of_role(attribute)) == "t") findings.too_much.emplace_back(word);
}

void compare_limit(const AskSql& ask, const PostgresAccount& account, Findings& findings) {
  const int limit = std::stoi(value(ask, of_role("rolconnlimit")));
  const auto needed = "the probes need " + std::to_string(account.connections);
  if (limit < 0) findings.too_much.push_back("CONNECTION LIMIT: none is set, and " + needed);
  if (limit >= 0 && limit < account.connections)
    findings.missing.push_back("CONNECTION LIMIT: it is " + std::to_string(limit) + ", and " + needed);
}

/// By name; what is set for this database wins, as it does in a session.
std::map<std::string, std::string> role_settings(const AskSql& ask) {
  std::map<std::string, std::string> settings;
  const auto rows = ask(
      "SELECT pg_catalog.unnest(s.setconfig), s.setdatabase <> 0 FROM pg_catalog.pg_db_role_setting s"
      " JOIN pg_catalog.pg_roles r ON r.oid = s.setrole WHERE r.rolname = current_user AND s.setdatabase IN"
      " (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())) ORDER BY 2");
  for (const auto& row : rows) {
    const auto equals = row.front().find('=');
    settings[row.front().substr(0, equals)] = row.front().substr(equals + 1);
  }
  return settings;
}

/// That they are set; how long they are is the site's choice, but 0 is no limit at all.
void compare_settings(const AskSql& ask, Findings& findings) {
  const auto settings = role_settings(ask);
  for (const auto* wanted : {"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"}) {
    const auto set = settings.find(wanted);
    const bool limits = set != settings.end() && set->second.find_first_of("123456789") != std::string::npos;
    if (!limits) findings.missing.push_back("ALTER ROLE SET " + std::string{wanted});
  }
  if (settings.contains("default_transaction_read_only"))
    findings.too_much.emplace_back(
        "ALTER ROLE SET default_transaction_read_only: it hides from the probe what the server's users get");
}

void compare_memberships(const AskSql& ask, const PostgresAccount& account, Findings& findings) {
  std::string wanted = "'pg_use_reserved_connections'";
  for (const auto& [role, probes] : account.memberships) {
    const auto name = sql_literal(role);
    wanted += ", " + name;
    const auto has =
        value(ask, "SELECT pg_has_role(oid, 'USAGE') FROM pg_catalog.pg_roles WHERE rolname = " + name);
    if (has != "t") findings.missing.push_back("membership in " + role + ", for " + joined(probes));
  }
  const auto extra = ask(
      "SELECT r.rolname FROM pg_catalog.pg_roles r WHERE r.rolname <> current_user AND pg_has_role(r.oid, "
      "'MEMBER') AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles w WHERE w.rolname IN (" +
      wanted + ") AND pg_has_role(w.oid, r.oid, 'MEMBER')) ORDER BY 1");
  for (const auto& row : extra) findings.too_much.push_back("membership in " + in_comment(row.front()));
  const auto passed_on =
      ask("SELECT DISTINCT r.rolname FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = "
          "m.roleid WHERE m.admin_option AND pg_has_role(m.member, 'MEMBER') ORDER BY 1");
  for (const auto& row : passed_on)
    findings.too_much.push_back("ADMIN OPTION on " + in_comment(row.front()) + ": it may pass it on");
}

}  // namespace

bool compare_role(const AskSql& ask, const PostgresAccount& account, Findings& findings) {
  if (value(ask, of_role("rolsuper")) == "t") {
    findings.too_much.emplace_back("SUPERUSER: the role may do everything");
    return true;
  }
  compare_attributes(ask, findings);
  compare_limit(ask, account, findings);
  compare_settings(ask, findings);
  compare_memberships(ask, account, findings);
  return false;
}

}  // namespace healthd
