// Logs in as the role and asks the server's own catalogue, through libpqxx. A one-shot command may block.
#include <pqxx/pqxx>

#include "daemon/grants_check.hpp"
#include "daemon/grants_role.hpp"
#include "daemon/grants_text.hpp"

namespace healthd {
namespace {

/// As libpq's connection strings quote.
std::string quoted_value(std::string_view text) {
  std::string made = "'";
  for (const char each : text) {
    if (each == '\'' || each == '\\') made += '\\';
    made += each;
  }
  return made + "'";
}

/// The target's own keywords limit each statement, too.
std::string connection_string(const PostgresTarget& target) {
  std::string text;
  const auto say = [&text](std::string_view name, std::string_view value) {
    text += std::string{name} + "=" + quoted_value(value) + " ";
  };
  say("host", target.host);
  if (!target.address.empty()) say("hostaddr", target.address);
  say("port", std::to_string(target.port));
  for (const auto& [name, value] : target.keywords) say(name, value);
  if (!target.password.empty()) say("password", target.password.reveal());
  say("connect_timeout", "5");
  return text;
}

SqlRows rows_of(const pqxx::result& result) {
  SqlRows rows;
  for (const auto& row : result) {
    auto& made = rows.emplace_back();
    for (const auto& field : row) made.emplace_back(field.is_null() ? "" : field.c_str());
  }
  return rows;
}

}  // namespace

std::string cleaned_error(std::string text, const Secret& password) {
  const auto hidden = password.reveal();
  for (auto at = text.find(hidden); !hidden.empty() && at != std::string::npos; at = text.find(hidden, at))
    text.replace(at, hidden.size(), "");
  while (text.ends_with('\n')) text.pop_back();
  return in_comment(text);
}

Findings check_postgres(const PostgresAccount& account, const std::string& database) {
  const auto& wanted = account.databases.at(database);
  Findings findings;
  findings.account = "PostgreSQL " + in_comment(account.server) + ", database " + in_comment(database) +
                     ", role " + in_comment(account.role);
  try {
    pqxx::connection connection{connection_string(wanted.target)};
    pqxx::nontransaction work{connection};
    const AskSql ask = [&work](const std::string& sql) { return rows_of(work.exec(sql)); };
    if (!compare_role(ask, account, findings)) compare_objects(ask, wanted, findings);
  } catch (const pqxx::broken_connection& error) {
    findings.unknown.push_back("could not connect: " + cleaned_error(error.what(), wanted.target.password));
  } catch (const pqxx::failure& error) {
    findings.unknown.push_back("could not ask: " + cleaned_error(error.what(), wanted.target.password));
  }
  return findings;
}

}  // namespace healthd
