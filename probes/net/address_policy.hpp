// Where nothing of ours may connect to, whatever a name resolves to: a receiver's URL, or whoever answers for
// its name, must not lead us to a cloud's metadata service.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace healthd {

/// Why an address is not to be connected to; "" where it may be.
using AddressPolicy = std::string_view (*)(const boost::asio::ip::address& address);

/// For receivers and the heartbeat: refuses link-local (169.254/16, fe80::/10), multicast, 0/8 and the
/// unspecified address, also where an IPv6 address wraps one of them. Private and loopback addresses are
/// often Alertmanager's.
std::string_view no_receiver_there(const boost::asio::ip::address& address);

/// Takes out of `addresses`, those of `host`, what `policy` refuses. "" where some are left or there is no
/// policy; else what is wrong.
std::string keep_allowed(const std::string& host, std::vector<boost::asio::ip::address>& addresses,
                         AddressPolicy policy);
/// The same of a host that somebody else looks up, such as a proxy: judged only where it is an address.
std::string judge_literal(const std::string& host, AddressPolicy policy);

}  // namespace healthd
