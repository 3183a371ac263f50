#include "probes/redis_needs.hpp"

namespace healthd {

RedisNeeds connection_needs(std::string probe, const RedisTarget& target) {
  RedisNeeds needs;
  needs.probe = std::move(probe);
  needs.target = target;
  needs.commands = {"client|setname", "ping"};
  if (target.database != 0) needs.commands.insert("select");
  return needs;
}

std::string acl_pattern(std::string_view key) {
  constexpr std::string_view special = "*?[]\\\"'`$";
  std::string pattern{key};
  for (char& each : pattern)
    if (each <= ' ' || each > '~' || special.find(each) != std::string_view::npos) each = '?';
  return pattern;
}

}  // namespace healthd
