// `grants`: what the monitor's accounts must be allowed, and whether they are.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <chrono>
#include <future>
#include <iostream>

#include "daemon/assembly.hpp"
#include "daemon/commands.hpp"
#include "daemon/grants_check.hpp"
#include "daemon/grants_run.hpp"
#include "daemon/grants_text.hpp"
#include "daemon/loops.hpp"
#include "probes/run_probe.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

/// For one account; a server that is well answers within a second.
constexpr auto patience = 20s;

/// Loops, configuration and what it needs, for as long as the command runs.
struct Grants {
  Loops loops;
  TlsContexts tls;
  Problems problems;
  Assembly parts;
};

bool names_probe(const GrantsRequest& request, const std::string& name) {
  return request.probes.empty() || std::ranges::find(request.probes, name) != request.probes.end();
}

/// An account is shown whole, or other probes of it would lose their rights.
template <typename Account>
std::vector<Account> chosen(std::vector<Account> accounts, const GrantsRequest& request) {
  std::erase_if(accounts, [&request](const Account& account) {
    const auto asked = [&request](const std::string& name) { return names_probe(request, name); };
    return std::ranges::none_of(account.probes, asked);
  });
  return accounts;
}

void print(const Findings& findings) {
  std::cout << findings.account << ": " << (findings.exact() ? "exact" : "not as it should be") << '\n';
  for (const auto& word : findings.missing) std::cout << "  missing: " << word << '\n';
  for (const auto& word : findings.too_much) std::cout << "  too much: " << word << '\n';
  for (const auto& word : findings.unknown) std::cout << "  unknown: " << word << '\n';
  for (const auto& word : findings.notes) std::cout << "  note: " << word << '\n';
}

/// libpq waits as long as a frozen server likes. When that is too long there is nothing left to do here but
/// to say so and end the process.
Findings in_time(const PostgresAccount& account, const std::string& database) {
  auto asking = std::async(std::launch::async, check_postgres, std::cref(account), std::cref(database));
  if (asking.wait_for(patience) == std::future_status::ready) return asking.get();
  Findings late;
  late.account = "PostgreSQL " + in_comment(account.server) + ", role " + in_comment(account.role);
  late.unknown.emplace_back("the server did not answer in time; what follows was not looked at");
  print(late);
  std::cout.flush();
  std::_Exit(exit_code::failed);
}

bool check_roles(const std::vector<PostgresAccount>& accounts) {
  bool exact = true;
  for (const auto& account : accounts)
    for (const auto& [name, database] : account.databases) {
      const auto findings = in_time(account, name);
      print(findings);
      exact = exact && findings.exact();
    }
  return exact;
}

bool check_users(Loops& loops, const std::vector<RedisAccount>& accounts) {
  bool exact = true;
  for (const auto& account : accounts)
    for (const auto& login : account.logins) {
      auto check = check_redis(loops.resolver(), account, login, Deadline::in(patience));
      boost::asio::co_spawn(loops.main(), std::move(check),
                            [&exact](std::exception_ptr error, Findings found) {
                              if (error) std::rethrow_exception(error);
                              print(found);
                              exact = exact && found.exact();
                            });
      loops.main().restart();
      loops.main().run();
    }
  return exact;
}

/// The last word is the probes' own: each runs once, and says what it was not allowed.
void check_run(Loops& loops, BuiltProbe& built, Findings& findings) {
  auto run = run_probe(*built.probe, built.config.name, built.config.timeout, loops.tools());
  boost::asio::co_spawn(loops.main(), std::move(run), [&findings](std::exception_ptr error, Outcome outcome) {
    if (error) std::rethrow_exception(error);
    compare_run(outcome.result, findings);
  });
  loops.main().restart();
  loops.main().run();
}

bool run_probe_once(Loops& loops, BuiltProbe& built) {
  Findings findings;
  findings.account = "probe " + built.config.name;
  check_run(loops, built, findings);
  if (!findings.exact() || !findings.notes.empty()) print(findings);
  return findings.exact();
}

bool run_probes_of(Grants& all, const std::set<std::string>& names) {
  bool exact = true;
  for (auto& built : all.parts.probes)
    if (names.contains(built.config.name)) exact = run_probe_once(all.loops, built) && exact;
  return exact;
}

int check_all(Grants& all, const std::vector<PostgresAccount>& roles,
              const std::vector<RedisAccount>& users) {
  std::set<std::string> names;
  for (const auto& role : roles) names.insert(role.probes.begin(), role.probes.end());
  for (const auto& user : users) names.insert(user.probes.begin(), user.probes.end());
  if (names.empty()) std::cout << "no probe of the configuration logs in there\n";
  const bool roles_exact = check_roles(roles);
  const bool users_exact = check_users(all.loops, users);
  const bool probes_exact = run_probes_of(all, names);
  return roles_exact && users_exact && probes_exact ? exit_code::ok : exit_code::failed;
}

}  // namespace

int grants(const Settings& settings, const GrantsRequest& request) {
  Grants all;
  all.parts = assemble(settings.config_file, all.loops.resolver(), all.tls, all.problems);
  if (all.problems.has_errors()) {
    for (const auto& problem : all.problems.sorted()) std::cerr << to_string(problem) << '\n';
    return exit_code::failed;
  }
  if (report_unknown_probes(all.parts, request.probes)) return exit_code::failed;
  const auto wants = [&request](GrantsSection section) {
    return request.section == GrantsSection::both || request.section == section;
  };
  std::vector<PostgresAccount> roles;
  std::vector<RedisAccount> users;
  if (wants(GrantsSection::postgres)) roles = chosen(postgres_accounts(all.parts.needs), request);
  if (wants(GrantsSection::redis)) users = chosen(redis_accounts(all.parts.needs), request);

  int code = exit_code::ok;
  if (request.check) {
    code = check_all(all, roles, users);
  } else {
    if (wants(GrantsSection::postgres)) std::cout << grants_sql(roles);
    if (request.section == GrantsSection::both) std::cout << '\n';
    if (wants(GrantsSection::redis)) std::cout << grants_acl(users);
  }
  std::cout.flush();
  all.loops.stop_postgres();
  if (all.loops.held_up()) std::_Exit(code);
  return code;
}

}  // namespace healthd
