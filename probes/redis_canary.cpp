#include "probes/redis_canary.hpp"

#include "probes/net/redis.hpp"

namespace healthd {

std::string canary_key(std::string_view stack, std::string_view probe) {
  return "healthd:canary:" + std::string{stack} + ":" + std::string{probe};
}

std::vector<RedisCommand> canary_commands(const std::string& key, const std::string& value) {
  std::vector<RedisCommand> commands;
  commands.push_back({"SET", key, value, "EX", "60"});
  commands.push_back({"GET", key});
  commands.push_back({"DEL", key});
  return commands;
}

Failure judge_canary(const std::vector<RedisReply>& replies, std::string_view value) {
  for (const auto& reply : replies)
    if (reply.is_error()) return redis_failure(reply.text);
  if (replies.size() != 3 || replies[0].text != "OK")
    return {Reason::protocol, "SET was not answered with OK"};
  if (replies[1].text != value)
    return {Reason::protocol, "the test key came back with another value than was written"};
  return {};
}

}  // namespace healthd
