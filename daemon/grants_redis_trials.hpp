// How to find out whether a Redis user may run a command without changing anything. Redis looks at the number
// of arguments first, then at the rights, then at the arguments themselves: so a command that would change
// something is given arguments that are enough but make no sense, or a key that does not exist. Seen with
// Redis 7.0; the order is that of processCommand() in its source.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "probes/net/resp.hpp"

namespace healthd {

/// What a command does to the key that it is tried on.
enum class Effect {
  reads,    ///< nothing
  refused,  ///< nothing: it writes, but with these arguments it is refused after the rights were looked at
  absent,   ///< nothing as long as the key does not exist
  writes,   ///< it writes, so it is tried on a key only that the user may not write
};

struct KeyTrial {
  std::string_view command;
  Effect effect;
  std::vector<std::string> after_key = {};
};

/// Commands on a key that are known, those first that tell most; `writes` last.
const std::vector<KeyTrial>& key_trials();
bool takes_key(std::string_view command);
RedisCommand on_key(const KeyTrial& trial, const std::string& key);

/// How a command without a key is tried; `stranger` names what does not exist. Empty: it needs no right.
RedisCommand plain_trial(const std::string& command, const std::string& stranger, int database);

/// Commands that no monitor needs, each in a form that changes nothing.
struct Dangerous {
  std::string_view command;
  RedisCommand trial;
};
std::vector<Dangerous> dangerous_commands(const std::string& stranger);

/// What the answer says about the rights.
enum class Answer { allowed, no_command, no_key, no_channel, unclear };
Answer read_answer(const RedisReply& reply);

/// A key that fits the pattern; `is_free` where it is so long at random that it cannot be anybody's.
struct SampleKey {
  std::string key;
  bool is_free = false;
};
SampleKey sample_key(std::string_view pattern, std::string_view stranger);

}  // namespace healthd
