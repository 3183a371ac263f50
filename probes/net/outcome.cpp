#include "probes/net/outcome.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "probes/net/tls.hpp"

namespace healthd {
namespace {

namespace errc = boost::system::errc;

/// What we ran out of ourselves, which says nothing about the target.
constexpr errc::errc_t shortages[] = {errc::too_many_files_open, errc::too_many_files_open_in_system,
                                      errc::no_buffer_space, errc::not_enough_memory,
                                      errc::address_not_available};

struct Meaning {
  boost::system::error_code error;
  Reason reason;
};

Reason reason_of(const boost::system::error_code& error) {
  namespace net = boost::asio::error;
  static const Meaning meanings[] = {
      {net::connection_refused, Reason::connect_refused},
      {net::timed_out, Reason::connect_timeout},
      {net::host_unreachable, Reason::unreachable},
      {net::network_unreachable, Reason::unreachable},
      {net::network_down, Reason::unreachable},
      {net::connection_reset, Reason::reset},
      {net::connection_aborted, Reason::reset},
      {net::broken_pipe, Reason::reset},
      {net::eof, Reason::reset},
  };
  for (const auto& [known, reason] : meanings)
    if (error == known) return reason;
  for (const auto shortage : shortages)
    if (error == shortage) return Reason::internal;
  // A Unix socket: nobody made the file, or we may not open it.
  if (error == errc::no_such_file_or_directory) return Reason::connect_refused;
  if (error == errc::permission_denied) return Reason::permission;
  return Reason::protocol;
}

}  // namespace

Failure failure_from(const boost::system::error_code& error) {
  if (error == boost::asio::error::operation_aborted) throw boost::system::system_error{error};
  if (error == boost::asio::error::eof) return {Reason::reset, "the server closed the connection"};
  if (auto failure = tls_failure(error)) return std::move(*failure);
  return {reason_of(error), error.message()};
}

}  // namespace healthd
