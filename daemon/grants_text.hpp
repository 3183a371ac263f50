// The statements that create the accounts: SQL for psql, ACL rules for redis-cli. They may be run again. No
// password is in them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/grants_accounts.hpp"

namespace healthd {

std::string grants_sql(const std::vector<PostgresAccount>& accounts);
std::string grants_acl(const std::vector<RedisAccount>& accounts);

std::string sql_identifier(std::string_view name);
std::string sql_literal(std::string_view text);
/// One word for a POSIX shell.
std::string shell_word(std::string_view text);

/// The rules after `on` and the password, in the words of ACL SETUSER.
std::vector<std::string> acl_rules(const RedisAccount& account);

/// A name as it may stand in a comment: on one line, without control characters.
std::string in_comment(std::string_view text);

}  // namespace healthd
