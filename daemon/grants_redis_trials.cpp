#include "daemon/grants_redis_trials.hpp"

#include <algorithm>
#include <map>

namespace healthd {
namespace {

constexpr const char* nonsense = "healthd-check";

/// Open to every connection, so no rule speaks of them.
bool needs_no_right(std::string_view command) {
  constexpr std::string_view open[] = {"auth", "hello", "quit", "reset"};
  return std::ranges::find(open, command) != std::end(open);
}

RedisCommand words_of(std::string_view command) {
  RedisCommand words;
  const auto bar = command.find('|');
  words.emplace_back(command.substr(0, bar));
  if (bar != std::string_view::npos) words.emplace_back(command.substr(bar + 1));
  return words;
}

}  // namespace

const std::vector<KeyTrial>& key_trials() {
  static const std::vector<KeyTrial> trials{
      {"zrange", Effect::reads, {"0", "0"}},
      {"lrange", Effect::reads, {"1", "0"}},
      {"lindex", Effect::reads, {"-1"}},
      {"zrangebyscore", Effect::reads, {"1", "0"}},
      {"zcount", Effect::reads, {"1", "0"}},
      {"zscore", Effect::reads, {nonsense}},
      {"hget", Effect::reads, {nonsense}},
      {"hmget", Effect::reads, {nonsense}},
      {"lpos", Effect::reads, {nonsense}},
      {"sismember", Effect::reads, {nonsense}},
      {"getrange", Effect::reads, {"1", "0"}},
      {"get", Effect::reads},
      {"llen", Effect::reads},
      {"hlen", Effect::reads},
      {"zcard", Effect::reads},
      {"scard", Effect::reads},
      {"strlen", Effect::reads},
      {"hexists", Effect::reads, {nonsense}},
      {"exists", Effect::reads},
      {"type", Effect::reads},
      {"ttl", Effect::reads},
      {"pttl", Effect::reads},
      {"set", Effect::refused, {nonsense, "NX", "XX"}},
      {"expire", Effect::refused, {nonsense}},
      {"pexpire", Effect::refused, {nonsense}},
      {"brpop", Effect::refused, {nonsense}},
      {"blpop", Effect::refused, {nonsense}},
      {"zadd", Effect::refused, {nonsense, nonsense}},
      {"srem", Effect::refused, {nonsense}},  // nobody's member
      {"zrem", Effect::refused, {nonsense}},
      {"hdel", Effect::refused, {nonsense}},
      {"lrem", Effect::refused, {"0", nonsense}},
      {"setex", Effect::refused, {nonsense, nonsense}},
      {"del", Effect::absent},
      {"unlink", Effect::absent},
      {"getdel", Effect::absent},
      {"rpop", Effect::absent},
      {"lpop", Effect::absent},
      {"sadd", Effect::writes, {nonsense}},
      {"lpush", Effect::writes, {nonsense}},
      {"rpush", Effect::writes, {nonsense}},
      {"hset", Effect::writes, {nonsense, nonsense}},
      {"incr", Effect::writes},
  };
  return trials;
}

bool takes_key(std::string_view command) {
  return std::ranges::find(key_trials(), command, &KeyTrial::command) != key_trials().end();
}

RedisCommand on_key(const KeyTrial& trial, const std::string& key) {
  RedisCommand words{std::string{trial.command}, key};
  words.insert(words.end(), trial.after_key.begin(), trial.after_key.end());
  return words;
}

RedisCommand plain_trial(const std::string& command, const std::string& stranger, int database) {
  if (needs_no_right(command)) return {};
  static const std::map<std::string_view, std::size_t> arguments{
      {"publish", 2},    {"subscribe", 1},      {"psubscribe", 1}, {"unsubscribe", 1},
      {"config|get", 1}, {"client|setname", 1}, {"echo", 1},       {"memory|usage", 1},
  };
  auto words = words_of(command);
  if (command == "select") words.push_back(std::to_string(database));
  const auto known = arguments.find(command);
  if (known != arguments.end()) words.insert(words.end(), known->second, stranger);
  if (command == "client|setname") words.back() = "superset-healthd";
  if (command == "info") words.emplace_back("server");
  return words;
}

std::vector<Dangerous> dangerous_commands(const std::string& stranger) {
  const std::string& no = stranger;
  return {
      {"acl|getuser", {"ACL", "GETUSER", no}},
      {"acl|setuser", {"ACL", "SETUSER", no, "!"}},
      {"bgsave", {"BGSAVE", no}},
      {"client|kill", {"CLIENT", "KILL", "TYPE", no}},
      {"client|list", {"CLIENT", "LIST", "TYPE", no}},
      {"config|get", {"CONFIG", "GET", no}},
      {"config|set", {"CONFIG", "SET", no, "0"}},
      {"copy", {"COPY", no, no, no}},
      {"debug", {"DEBUG", "HELP"}},
      {"eval", {"EVAL", "return 0", "-1"}},
      {"failover", {"FAILOVER", no}},
      {"flushall", {"FLUSHALL", no, no}},
      {"flushdb", {"FLUSHDB", no, no}},
      {"function|load", {"FUNCTION", "LOAD", no}},
      {"migrate", {"MIGRATE", no, "0", no, no, no}},
      {"module|list", {"MODULE", "LIST"}},
      {"publish", {"PUBLISH", no, no}},
      {"replicaof", {"REPLICAOF", no, no}},
      {"restore", {"RESTORE", no, "-1", no}},
      {"scan", {"SCAN", no}},
      {"shutdown", {"SHUTDOWN", no, no, no, no}},
      {"slowlog|get", {"SLOWLOG", "GET", no}},
      {"swapdb", {"SWAPDB", no, no}},
  };
}

Answer read_answer(const RedisReply& reply) {
  if (!reply.is_error()) return Answer::allowed;
  const std::string_view text = reply.text;
  const auto says = [text](std::string_view words) { return text.find(words) != std::string_view::npos; };
  if (text.starts_with("NOPERM"))
    return says("to run the") ? Answer::no_command : says("channel") ? Answer::no_channel : Answer::no_key;
  const bool before_rights = text.starts_with("NOAUTH") || says("unknown command") ||
                             says("nknown subcommand") || says("wrong number of arguments") ||
                             says("command not allowed. If the");  // DEBUG, where nobody may
  return before_rights ? Answer::unclear : Answer::allowed;
}

SampleKey sample_key(std::string_view pattern, std::string_view stranger) {
  constexpr std::ptrdiff_t surely_free = 16;
  SampleKey sample;
  sample.is_free = std::ranges::count(pattern, '?') >= surely_free || pattern.find('*') != pattern.npos;
  auto filler = stranger.begin();
  const auto next = [&] {
    if (filler == stranger.end()) filler = stranger.begin();
    return *filler++;
  };
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    const char each = pattern[at];
    if (each == '*') {
      sample.key += stranger;
    } else if (each == '?') {
      sample.key += next();
    } else if (each == '\\' && at + 1 < pattern.size()) {
      sample.key += pattern[++at];
    } else {
      sample.key += each;
    }
  }
  return sample;
}

}  // namespace healthd
