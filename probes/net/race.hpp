// The addresses of a name are tried by turns, a moment apart (RFC 8305, "happy eyeballs"): a family or an
// address that swallows everything costs that moment, not the deadline.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstdint>
#include <vector>

namespace healthd {

namespace asio = boost::asio;

/// The next attempt begins so long after the last one, or at once where that one failed.
constexpr std::chrono::milliseconds race_delay{250};
/// Further addresses of one name are left out.
constexpr std::size_t most_race_addresses = 8;

/// The families take turns, beginning with the first address's; within a family the resolver's order stays.
/// Without doubles, and at most `most_race_addresses`.
std::vector<asio::ip::address> race_order(std::vector<asio::ip::address> addresses);

/// Connects `socket` to the first of `addresses` that accepts; all others have been closed by then. Where
/// none does, the most telling error, which is not that of an address that this machine cannot even try.
/// Cancellable at any point.
asio::awaitable<boost::system::error_code> connect_first(asio::ip::tcp::socket& socket,
                                                         std::vector<asio::ip::address> addresses,
                                                         std::uint16_t port);

}  // namespace healthd
