// One mail to one server by SMTP. libcurl speaks it; it blocks, so this runs on a thread that may wait.
#pragma once

#include <atomic>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "config/secret.hpp"
#include "exporters/notifier.hpp"

namespace healthd {

struct Smarthost {
  std::string host;
  std::uint16_t port = 25;
  bool implicit_tls = false;  ///< TLS from the first byte
  bool starttls = true;       ///< no mail without it
  bool verify = true;
  std::string ca_file;              ///< "": the system's
  std::string cert_file, key_file;  ///< "": we show no certificate
  std::string server_name;          ///< to be verified; "": the host
  std::string hello;                ///< our name
  std::string username;             ///< "": no login
  Secret password;
};

struct Envelope {
  std::string from;
  std::vector<std::string> to;
  std::string text;  ///< mail_text()
};

/// Blocks until the server has answered or `timeout` has passed; a second at most once `stop` is set. Asks no
/// name server: `addresses` are those of the host.
Delivery send_mail(const Smarthost& host, const std::vector<boost::asio::ip::address>& addresses,
                   const Envelope& envelope, std::chrono::milliseconds timeout,
                   const std::atomic<bool>& stop);

}  // namespace healthd
