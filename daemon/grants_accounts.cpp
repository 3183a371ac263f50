#include "daemon/grants_accounts.hpp"

#include <algorithm>
#include <utility>

namespace healthd {
namespace {

/// `probe` run by hand beside one daemon opens two, `--check` one.
constexpr int least_limit = 5;

/// Two names of this machine are one server, so rights that are set for one replace those of the other.
std::string one_name(std::string_view host) {
  const bool loopback = host == "localhost" || host == "::1" || host.starts_with("127.");
  return loopback ? "loopback" : std::string{host};
}

void add_name(std::string& names, const std::string& name) {
  if (names.empty()) {
    names = name;
  } else if ((", " + names + ", ").find(", " + name + ", ") == std::string::npos) {
    names += ", " + name;
  }
}

bool by_default_user(const RedisTarget& target) {
  return target.username.empty() || target.username == "default";
}

/// Two probes on one table: the columns of both, and the whole table where one needs it.
void add_table(PostgresDatabase& database, const std::string& table, const std::set<std::string>& columns,
               const std::string& probe) {
  const auto [known, fresh] = database.tables.try_emplace(table);
  auto& access = known->second;
  const bool whole = columns.empty() || (!fresh && access.columns.empty());
  if (whole) {
    access.columns.clear();
  } else {
    access.columns.insert(columns.begin(), columns.end());
  }
  access.probes.insert(probe);
}

void add(PostgresAccount& account, const PostgresNeeds& needs) {
  account.probes.insert(needs.probe);
  account.connections += needs.connections;
  for (const auto& role : needs.memberships) account.memberships[role].insert(needs.probe);
  auto& database = account.databases[keyword(needs.target, "dbname")];
  if (database.probes.empty()) database.target = needs.target;
  database.probes.insert(needs.probe);
  for (const auto& [table, columns] : needs.reads) add_table(database, table, columns, needs.probe);
  if (needs.reads_sequences) database.sequence_readers.insert(needs.probe);
}

void add_login(RedisAccount& account, const RedisTarget& target) {
  const auto same = [&](const RedisTarget& known) { return known.username == target.username; };
  if (std::ranges::none_of(account.logins, same)) account.logins.push_back(target);
}

void add(RedisAccount& account, const RedisNeeds& needs) {
  account.probes.insert(needs.probe);
  if (by_default_user(needs.target)) account.by_default_user.insert(needs.probe);
  add_login(account, needs.target);
  account.databases.insert(needs.target.database);
  const auto note = [&](std::map<std::string, ProbeNames>& known, const std::set<std::string>& words) {
    for (const auto& word : words) known[word].insert(needs.probe);
  };
  note(account.commands, needs.commands);
  note(account.reads, needs.reads);
  note(account.writes, needs.writes);
  note(account.channels, needs.channels);
}

template <typename Account>
std::vector<Account> in_order(std::map<std::pair<std::string, std::string>, Account> accounts) {
  std::vector<Account> listed;
  for (auto& [name, account] : accounts) listed.push_back(std::move(account));
  return listed;
}

}  // namespace

int PostgresAccount::connection_limit() const { return std::max(2 * connections + 1, least_limit); }

std::string keyword(const PostgresTarget& target, std::string_view name) {
  const auto named = [name](const auto& known) { return known.first == name; };
  const auto found = std::ranges::find_if(target.keywords, named);
  return found == target.keywords.end() ? std::string{} : found->second;
}

std::string joined(const ProbeNames& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::vector<PostgresAccount> postgres_accounts(const Needs& needs) {
  std::map<std::pair<std::string, std::string>, PostgresAccount> accounts;
  for (const auto& need : needs.postgres) {
    auto server = need.target;
    server.host = one_name(server.host);
    const auto role = keyword(need.target, "user");
    auto& account = accounts[{to_string(server), role}];
    add_name(account.server, to_string(need.target));
    account.role = role;
    add(account, need);
  }
  return in_order(std::move(accounts));
}

std::vector<RedisAccount> redis_accounts(const Needs& needs) {
  std::map<std::pair<std::string, std::string>, RedisAccount> accounts;
  for (const auto& need : needs.redis) {
    auto server = need.target.endpoint;
    server.host = one_name(server.host);
    const auto& name = need.target.username;
    const auto user = by_default_user(need.target) ? std::string{proposed_redis_user} : name;
    auto& account = accounts[{to_string(server), user}];
    add_name(account.server, to_string(need.target.endpoint));
    account.user = user;
    add(account, need);
  }
  // What is written is read, too.
  auto listed = in_order(std::move(accounts));
  for (auto& account : listed)
    for (const auto& [pattern, probes] : account.writes) account.reads.erase(pattern);
  return listed;
}

}  // namespace healthd
