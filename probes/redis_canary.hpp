// The proof that Redis takes a write: a key of our own is set, read back and removed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "probes/net/outcome.hpp"
#include "probes/net/resp.hpp"

namespace healthd {

/// The key of one probe; nobody else's.
std::string canary_key(std::string_view stack, std::string_view probe);

/// SET, GET and DEL, to be sent at once. The key dies by itself in a minute where we do first.
std::vector<RedisCommand> canary_commands(const std::string& key, const std::string& value);

/// The first refusal; `protocol` where another value came back than was written.
Failure judge_canary(const std::vector<RedisReply>& replies, std::string_view value);

}  // namespace healthd
