// Hears what Gunicorn sends by UDP (`--statsd-host`). Anybody who reaches the address can send, so a flood
// costs a bounded part of the loop's time, and no memory.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/udp.hpp>
#include <memory>
#include <string>

#include "config/options.hpp"
#include "probes/result.hpp"
#include "probes/statsd.hpp"

namespace healthd {

namespace asio = boost::asio;

struct Workshop;

class StatsdListener {
 public:
  /// `prefix`: Gunicorn's own setting `statsd_prefix`.
  StatsdListener(asio::ip::udp::endpoint address, std::string_view prefix);

  /// Receives until it is cancelled. Where it cannot, it goes on trying, less and less often.
  asio::awaitable<void> listen();

  /// After the check `health`: what was heard, and the check `statsd`, which is unknown while we cannot
  /// listen. Nothing where nobody listens: one run without the daemon.
  void report(ProbeResult& result);

 private:
  boost::system::error_code open(asio::ip::udp::socket& socket) const;
  asio::awaitable<boost::system::error_code> receive(asio::ip::udp::socket& socket);
  boost::system::error_code receive_turn(asio::ip::udp::socket& socket, std::size_t& spent);
  void count_lost(asio::ip::udp::socket& socket, std::uint32_t& lost);

  asio::ip::udp::endpoint address_;
  StatsdCounters counters_;
  bool tried_ = false;  ///< listen() has begun
  bool heard_ = false;  ///< it has listened, so that nothing heard means something
  boost::system::error_code error_;
};

/// From the map `statsd` of a gunicorn probe; nullptr where it is absent, or wrong, which is reported. No two
/// probes listen on one address.
std::unique_ptr<StatsdListener> read_statsd_listener(Options& probe, Workshop& workshop);

}  // namespace healthd
