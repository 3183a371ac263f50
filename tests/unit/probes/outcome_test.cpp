#include "probes/net/outcome.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>

namespace healthd {
namespace {

Failure failure_of(int number) { return failure_from({number, boost::system::system_category()}); }

}  // namespace

TEST_CASE("an error of a socket becomes a closed reason") {
  const std::pair<int, Reason> cases[] = {
      {ECONNREFUSED, Reason::connect_refused},
      {ENOENT, Reason::connect_refused},
      {ETIMEDOUT, Reason::connect_timeout},
      {EHOSTUNREACH, Reason::unreachable},
      {ENETUNREACH, Reason::unreachable},
      {ECONNRESET, Reason::reset},
      {EPIPE, Reason::reset},
      {EACCES, Reason::permission},
      {EPROTO, Reason::protocol},
  };
  for (const auto& [number, reason] : cases) {
    INFO(number);
    CHECK(failure_of(number).reason == reason);
  }
}

TEST_CASE("what we ran out of ourselves is no outage of the target") {
  for (const int number : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL}) {
    INFO(number);
    const auto failure = failure_of(number);
    CHECK(failure.reason == Reason::internal);
    CHECK_FALSE(failure.detail.empty());
    CHECK(judge("https", failure).status == Status::unknown);
  }
}

TEST_CASE("a cancelled operation is no finding at all") {
  CHECK_THROWS_AS(failure_from(boost::asio::error::operation_aborted), boost::system::system_error);
}

}  // namespace healthd
