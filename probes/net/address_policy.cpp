#include "probes/net/address_policy.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace healthd {
namespace {

namespace ip = boost::asio::ip;

std::string_view refusal_v4(ip::address_v4 address) {
  const auto bytes = address.to_bytes();
  if (address.is_unspecified()) return "the unspecified address";
  if (bytes[0] == 0) return "an address of 0.0.0.0/8";
  if (bytes[0] == 169 && bytes[1] == 254) return "a link-local address";
  if (address.is_multicast()) return "a multicast address";
  if (address == ip::address_v4::broadcast()) return "the broadcast address";
  return "";
}

/// The IPv4 address that an IPv6 one stands for: mapped (::ffff:0:0/96), compatible (::/96) or of NAT64
/// (64:ff9b::/96).
std::optional<ip::address_v4> wrapped(const ip::address_v6& address) {
  constexpr std::array<std::array<unsigned char, 12>, 3> prefixes{
      {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff},
       {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
       {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0}}};
  const auto bytes = address.to_bytes();
  for (const auto& prefix : prefixes)
    if (std::equal(prefix.begin(), prefix.end(), bytes.begin()))
      return ip::address_v4{{bytes[12], bytes[13], bytes[14], bytes[15]}};
  return std::nullopt;
}

}  // namespace

std::string_view no_receiver_there(const ip::address& address) {
  if (address.is_v4()) return refusal_v4(address.to_v4());
  const auto v6 = address.to_v6();
  if (v6.is_unspecified()) return "the unspecified address";
  if (v6.is_loopback()) return "";
  if (v6.is_link_local()) return "a link-local address";
  if (v6.is_multicast()) return "a multicast address";
  const auto inner = wrapped(v6);
  return inner ? refusal_v4(*inner) : "";
}

std::string keep_allowed(const std::string& host, std::vector<ip::address>& addresses, AddressPolicy policy) {
  if (policy == nullptr) return "";
  std::string refused;
  std::erase_if(addresses, [&](const ip::address& address) {
    const auto why = policy(address);
    if (!why.empty()) refused = address.to_string() + ", " + std::string{why};
    return !why.empty();
  });
  if (!addresses.empty() || refused.empty()) return "";
  return host + " leads to " + refused + ": no receiver may be there";
}

std::string judge_literal(const std::string& host, AddressPolicy policy) {
  boost::system::error_code not_an_address;
  const auto literal = ip::make_address(host, not_an_address);
  if (not_an_address) return "";
  std::vector<ip::address> one{literal};
  return keep_allowed(host, one, policy);
}

}  // namespace healthd
