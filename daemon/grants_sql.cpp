// The role of the monitor on each PostgreSQL server, as SQL.
#include <algorithm>

#include "daemon/grants_text.hpp"

namespace healthd {
namespace {

std::string doubled(std::string_view text, char quote) {
  std::string made;
  for (const char each : text) {
    if (each == quote) made += each;
    made += each;
  }
  return made;
}

/// The body of a DO block may hold any name, so its quotes must not.
std::string do_block(const std::string& body) {
  std::string tag = "grants";
  while (body.find("$" + tag + "$") != std::string::npos) tag += "_";
  return "DO $" + tag + "$\nBEGIN\n" + body + "END\n$" + tag + "$;\n";
}

/// What follows would limit the role, and with it the application where the two share one.
std::string refuse_if(const std::string& role, const std::string& from_where, const std::string& found) {
  const auto message = "the role " + in_comment(role) + " " + found +
                       ": it is not the monitor's own, and limits on it would hit the application. Nothing "
                       "was changed; give the probe a role of its own";
  return "  IF EXISTS (SELECT FROM pg_catalog.pg_roles r" + from_where + " r.rolname = " + sql_literal(role) +
         ") THEN\n    RAISE EXCEPTION USING MESSAGE = " + sql_literal(message) + ";\n  END IF;\n";
}

std::string only_the_monitors_own(const std::string& role) {
  return refuse_if(role, " WHERE r.rolsuper AND", "is a superuser") +
         refuse_if(role,
                   " JOIN pg_catalog.pg_shdepend d\n      ON pg_has_role(r.oid, d.refobjid, 'MEMBER') WHERE "
                   "d.refclassid = 'pg_catalog.pg_authid'::regclass AND d.deptype = 'o' AND",
                   "owns something") +
         refuse_if(role,
                   " JOIN (SELECT (pg_catalog.aclexplode(relacl)).* FROM pg_catalog.pg_class) x\n      ON "
                   "pg_has_role(r.oid, x.grantee, 'MEMBER') WHERE x.privilege_type IN ('INSERT', 'UPDATE', "
                   "'DELETE') AND",
                   "may write to a table here");
}

std::string create_role(const PostgresAccount& account) {
  const auto limit = std::to_string(account.connection_limit());
  const auto role = sql_identifier(account.role);
  std::string text = "-- The account. The probes open " + std::to_string(account.connections) +
                     " connections; the limit has room for two daemons and for a person.\n";
  text += do_block(only_the_monitors_own(account.role) +
                   "  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = " +
                   sql_literal(account.role) + ") THEN\n    CREATE ROLE " + role + " LOGIN;\n  END IF;\n");
  text += "ALTER ROLE " + role + " LOGIN CONNECTION LIMIT " + limit + ";\n";
  text += "-- Its password, which psql asks for and hashes; the same goes into the probe's password_file:\n";
  text += "-- \\password " + in_comment(role) + "\n\n";
  return text;
}

/// A belt for sessions that are opened by hand: the probes set their own, shorter limits. Not read-only: a
/// role's own default hides the server's, by which the probe tells whether users can write.
std::string settings(const PostgresAccount& account) {
  const auto alter = "ALTER ROLE " + sql_identifier(account.role);
  std::string text = "-- No session of this role may wait or linger, whoever opened it.\n";
  for (const auto* setting :
       {"statement_timeout = '15s'", "lock_timeout = '1s'", "idle_in_transaction_session_timeout = '10s'"})
    text += alter + " SET " + setting + ";\n";
  text += "-- Were this set here, the probe could not see whether the server is read-only for its users.\n";
  text += alter + " RESET default_transaction_read_only;\n";
  for (const auto& [name, database] : account.databases)
    text += alter + " IN DATABASE " + sql_identifier(name) + " RESET default_transaction_read_only;\n";
  return text + "\n";
}

std::string memberships(const PostgresAccount& account) {
  std::string text;
  const auto to = " TO " + sql_identifier(account.role) + ";\n";
  for (const auto& [role, probes] : account.memberships) {
    text += "-- " + in_comment(role) + ": for " + joined(probes) + ".\n";
    text += "GRANT " + sql_identifier(role) + to;
  }
  text +=
      "-- From PostgreSQL 16 on, with reserved_connections set, the monitor can still log in when all "
      "other\n";
  text += "-- slots are taken:\n";
  text += "-- GRANT pg_use_reserved_connections" + in_comment(to) + "\n\n";
  return text;
}

std::string select_on(const std::string& table, const TableAccess& access, const std::string& role) {
  std::string columns;
  for (const auto& column : access.columns)
    columns += (columns.empty() ? " (" : ", ") + sql_identifier(column);
  if (!columns.empty()) columns += ")";
  return "-- For " + joined(access.probes) + ".\nGRANT SELECT" + columns + " ON public." +
         sql_identifier(table) + " TO " + role + ";\n";
}

std::string database_grants(const std::string& name, const PostgresDatabase& database,
                            const std::string& role) {
  std::string text = "-- The database of " + joined(database.probes) + ".\n";
  text += "GRANT CONNECT ON DATABASE " + sql_identifier(name) + " TO " + role + ";\n";
  if (!database.tables.empty()) text += "GRANT USAGE ON SCHEMA public TO " + role + ";\n";
  for (const auto& [table, access] : database.tables) text += select_on(table, access, role);
  if (database.sequence_readers.empty()) return text;
  text += "-- How far the sequences are, for " + joined(database.sequence_readers) +
          ". Run this again when an upgrade has added some.\n";
  return text + "GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO " + role + ";\n";
}

/// psql's own command. Always, for what stands before may have led into another database.
std::string go_to(const std::string& database) {
  return "\\connect " + in_comment(sql_identifier(database)) + "\n";
}

std::string account_sql(const PostgresAccount& account) {
  std::string databases;
  for (const auto& [name, database] : account.databases)
    databases += (databases.empty() ? "" : ", ") + in_comment(name);
  std::string text = "-- PostgreSQL at " + in_comment(account.server) + ": the role " +
                     in_comment(sql_identifier(account.role)) + " for " + joined(account.probes) + ".\n";
  text += "-- Run by psql as a superuser of that server. Concerns the database " + databases + ".\n\n";
  text += go_to(account.databases.begin()->first);
  text += create_role(account) + settings(account) + memberships(account);
  for (const auto& [name, database] : account.databases)
    text += "\n" + go_to(name) + database_grants(name, database, sql_identifier(account.role));
  return text;
}

std::string named_twice(const std::vector<PostgresAccount>& accounts) {
  std::set<std::string> seen;
  for (const auto& account : accounts)
    if (!seen.insert(account.role).second)
      return "-- One role is printed more than once. If two of these servers are one, use one name for it in "
             "the\n"
             "-- configuration and print again: the last CONNECTION LIMIT would be that of all.\n";
  return {};
}

}  // namespace

std::string in_comment(std::string_view text) {
  std::string line{text};
  while (line.ends_with('\n')) line.pop_back();
  const auto unsafe = [](unsigned char each) { return each < 0x20 || each == 0x7f; };
  std::ranges::replace_if(line, unsafe, '?');
  return line;
}

std::string sql_identifier(std::string_view name) { return '"' + doubled(name, '"') + '"'; }

std::string sql_literal(std::string_view text) {
  // A backslash means itself only where the server is set so; the escape form says it for every server.
  if (text.find('\\') == std::string_view::npos) return "'" + doubled(text, '\'') + "'";
  return "E'" + doubled(doubled(text, '\''), '\\') + "'";
}

std::string grants_sql(const std::vector<PostgresAccount>& accounts) {
  std::string text =
      "-- What superset-healthd needs on PostgreSQL, by its configuration. May be run again.\n";
  if (accounts.empty()) return text + "-- No probe of the configuration logs in to PostgreSQL.\n";
  if (accounts.size() > 1)
    text += "-- There are " + std::to_string(accounts.size()) +
            " accounts. Where they are on different servers, print and run them one by one with --probe.\n";
  text += named_twice(accounts);
  text += "\n-- After the first error nothing more is run.\n\\set ON_ERROR_STOP on\n";
  for (const auto& account : accounts) text += "\n" + account_sql(account);
  return text;
}

}  // namespace healthd
