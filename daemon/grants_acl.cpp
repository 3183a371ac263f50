// The user of the monitor on each Redis server, as rules of its ACL.
#include <algorithm>

#include "daemon/grants_text.hpp"

namespace healthd {
namespace {

/// Redis refuses what is no hash, so these lines do nothing until somebody has put one in. `resetpass` first,
/// for a rule adds a password and leaves the old ones in force.
constexpr std::string_view password_place = "#SHA256-of-the-password";

/// Neither a shell's line nor a file of users has room for other bytes in a pattern.
std::string printable(std::string_view pattern) {
  std::string made{pattern};
  const auto awkward = [](unsigned char each) { return each <= ' ' || each >= 0x7f; };
  std::ranges::replace_if(made, awkward, '?');
  return made;
}

std::string redis_cli(const RedisAccount& account) {
  const auto& target = account.logins.front();
  const auto& endpoint = target.endpoint;
  if (!endpoint.unix_path.empty()) return "redis-cli -s " + shell_word(endpoint.unix_path);
  return "redis-cli" + std::string{target.tls ? " --tls" : ""} + " -h " + shell_word(endpoint.host) + " -p " +
         std::to_string(endpoint.port);
}

/// Several lines for the shell, so that they can be read.
std::string command_line(const RedisAccount& account) {
  constexpr std::size_t width = 100;
  std::string text;
  std::string line = redis_cli(account) + " ACL SETUSER " + shell_word(account.user) + " on resetpass " +
                     shell_word(password_place);
  for (const auto& rule : acl_rules(account)) {
    const auto word = shell_word(rule);
    if (line.size() + word.size() > width) {
      text += line + " \\\n";
      line = " ";
    }
    line += " " + word;
  }
  return text + line + "\n";
}

std::string file_line(const RedisAccount& account) {
  std::string text = "user " + printable(account.user) + " on resetpass " + std::string{password_place};
  for (const auto& rule : acl_rules(account)) text += " " + rule;
  return text + "\n";
}

void explain(std::string& text, std::string_view what, const std::map<std::string, ProbeNames>& rights) {
  std::map<std::string, std::string> by_probes;
  for (const auto& [right, probes] : rights) {
    auto& line = by_probes[joined(probes)];
    line += (line.empty() ? "" : " ") + printable(right);
  }
  for (const auto& [probes, words] : by_probes)
    text += "#   " + std::string{what} + " " + words + ": for " + probes + "\n";
}

std::string default_user_note(const RedisAccount& account) {
  if (account.by_default_user.empty()) return {};
  const auto probes = joined(account.by_default_user);
  return "# " + probes +
         " log in as the default user, who may do whatever everybody may. A user of their own\n"
         "# is better: create it, then give these redis probes `username: " +
         account.user + "` and a `password_file`.\n";
}

/// The rules begin with nothing, so a user that somebody else needs would lose everything.
std::string whose_user_note(const RedisAccount& account) {
  for (const auto* own : {"healthd", "monitor"})
    if (account.user.find(own) != std::string::npos) return {};
  const auto user = in_comment(account.user);
  return "# !!! STOP: is \"" + user +
         "\" the monitor's own user? These rules take every other right away from it, and its\n"
         "# !!! password. If the application uses \"" +
         user +
         "\", do not run them: the application would fail. Give the\n"
         "# !!! monitor a user of its own, such as `username: " +
         std::string{proposed_redis_user} + "`, and print this again.\n";
}

std::string account_acl(const RedisAccount& account) {
  std::string text = "# Redis at " + in_comment(account.server) + ": the user " + in_comment(account.user) +
                     " for " + joined(account.probes) + ".\n";
  text += whose_user_note(account) + default_user_note(account);
  explain(text, "runs", account.commands);
  explain(text, "reads", account.reads);
  explain(text, "writes", account.writes);
  explain(text, "publishes on or listens to", account.channels);
  text +=
      "# Put the SHA-256 of the password in the place of " + std::string{password_place.substr(1)} +
      " (64 lowercase hex digits; the # stays).\n"
      "# Until then Redis refuses the command. The password itself goes into the probe's password_file.\n";
  text += "# Redis 6 knows no %R~ (read only): write ~ in its place there.\n";
  text += command_line(account);
  text +=
      "# Rules that are set so last until a restart: ACL SAVE keeps them where an aclfile is configured. "
      "The\n"
      "# same user as a line of that file, or of redis.conf:\n# " +
      file_line(account);
  return text;
}

std::string named_twice(const std::vector<RedisAccount>& accounts) {
  std::set<std::string> seen;
  for (const auto& account : accounts)
    if (!seen.insert(account.user).second)
      return "# One user is printed more than once. If two of these servers are one, use one name for it in "
             "the\n"
             "# configuration and print again: the last command would take away what the first one gave.\n";
  return {};
}

}  // namespace

std::string shell_word(std::string_view text) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@+,=";
  if (!text.empty() && text.find_first_not_of(plain) == std::string_view::npos) return std::string{text};
  std::string word = "'";
  for (const char each : text) word += each == '\'' ? std::string{"'\\''"} : std::string{each};
  return word + "'";
}

std::vector<std::string> acl_rules(const RedisAccount& account) {
  std::vector<std::string> rules{"resetkeys", "resetchannels", "-@all"};
  for (const auto& [command, probes] : account.commands) rules.push_back("+" + command);
  for (const auto& [pattern, probes] : account.reads) rules.push_back("%R~" + printable(pattern));
  for (const auto& [pattern, probes] : account.writes) rules.push_back("~" + printable(pattern));
  for (const auto& [pattern, probes] : account.channels) rules.push_back("&" + printable(pattern));
  return rules;
}

std::string grants_acl(const std::vector<RedisAccount>& accounts) {
  std::string text = "# What superset-healthd needs on Redis, by its configuration. May be run again.\n";
  if (accounts.empty()) return text + "# No probe of the configuration logs in to Redis.\n";
  text += named_twice(accounts);
  for (const auto& account : accounts) text += "\n" + account_acl(account);
  return text;
}

}  // namespace healthd
