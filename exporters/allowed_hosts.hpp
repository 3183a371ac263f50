// By which names a client may call us. A foreign page whose name was made to lead here (DNS rebinding) says
// that name in the Host field, and gets nothing.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "exporters/listen_address.hpp"

namespace healthd {

class AllowedHosts {
 public:
  /// Besides loopback names and addresses: where we listen, the host of `external_url` and those of `more`. A
  /// listener on every address is called by any address, which no rebinding can forge.
  AllowedHosts(const ListenAddress& listening, std::string_view external_url,
               const std::vector<std::string>& more);

  enum class Verdict { fine, foreign, malformed };
  /// `host` as in the field: a name or an address, with or without a port.
  Verdict judge(std::string_view host) const;

 private:
  void add(std::string_view host);

  bool any_address_ = false;
  std::set<std::string, std::less<>> names_;  ///< lower case, without a dot at the end
  std::set<boost::asio::ip::address> addresses_;
};

}  // namespace healthd
