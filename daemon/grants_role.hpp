// Compares a role with what it should be, through whatever can answer a query.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "daemon/grants_accounts.hpp"
#include "daemon/grants_findings.hpp"

namespace healthd {

using SqlRows = std::vector<std::vector<std::string>>;  ///< NULL is ""
/// Runs one statement as the role itself; throws where the server refuses.
using AskSql = std::function<SqlRows(const std::string& sql)>;

/// What the role is: attributes, limit, settings, memberships. True for a superuser, whose further rights
/// need no list.
bool compare_role(const AskSql& ask, const PostgresAccount& account, Findings& findings);

/// What the role may do in the database that `ask` is connected to.
void compare_objects(const AskSql& ask, const PostgresDatabase& database, Findings& findings);

}  // namespace healthd
