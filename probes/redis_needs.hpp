// What probes on Redis must be allowed, put into the words of its ACL.
#pragma once

#include <string>
#include <string_view>

#include "probes/needs.hpp"

namespace healthd {

/// What every probe does on a connection of its own: it logs in and asks for a PONG. AUTH is open to all.
RedisNeeds connection_needs(std::string probe, const RedisTarget& target);

/// A pattern that fits `key`. What is special in a pattern, or hard to write into a file of users, becomes
/// `?`: one byte, whichever.
std::string acl_pattern(std::string_view key);

}  // namespace healthd
