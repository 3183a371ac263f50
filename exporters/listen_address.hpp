// Where a server listens: `127.0.0.1:9848`, `[::1]:9848`, or `:9848` for every address.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace healthd {

struct ListenAddress {
  std::string host;  ///< a literal IP address; "" is every address
  std::uint16_t port = 0;
};

/// nullopt for anything else; names are not looked up, except that `localhost` is 127.0.0.1.
std::optional<ListenAddress> parse_listen_address(std::string_view text);

/// As it would be configured.
std::string to_string(const ListenAddress& address);

}  // namespace healthd
