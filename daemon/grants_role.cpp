#include "daemon/grants_role.hpp"

#include <algorithm>

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

/// That they are set; how long they are is the site's choice.
void compare_settings(const AskSql& ask, Findings& findings) {
  static constexpr const char* wanted[] = {
      "statement_timeout=", "lock_timeout=", "idle_in_transaction_session_timeout="};
  const auto set = ask(of_role("pg_catalog.unnest(rolconfig)"));
  for (const std::string_view setting : wanted) {
    const auto begins = [setting](const auto& row) { return row.front().starts_with(setting); };
    if (std::ranges::any_of(set, begins)) continue;
    findings.missing.push_back("ALTER ROLE SET " + std::string{setting.substr(0, setting.find('='))});
  }
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
