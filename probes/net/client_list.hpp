// What CLIENT LIST tells of the connections to a Redis. No I/O. Source: the documentation of CLIENT LIST.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace healthd {

struct RedisPeer {
  long long id = 0;
  std::string host;     ///< of its address, without the port; a socket's path
  std::string name;     ///< of CLIENT SETNAME; "" where it gave none
  std::string command;  ///< the last one, lower case, such as `brpop` or `client|list`
  long long idle = 0;   ///< whole seconds since its last command
  int database = 0;
  bool blocked = false;  ///< waits in a blocking command
};

/// One entry a line, in the order of the list. Lines that lack a number are left out; unknown fields are
/// ignored.
std::vector<RedisPeer> parse_client_list(std::string_view text);

/// Connections that take tasks out of queues: the last command is BRPOP and they are not ours.
std::vector<RedisPeer> consumers_of(const std::vector<RedisPeer>& peers);

}  // namespace healthd
