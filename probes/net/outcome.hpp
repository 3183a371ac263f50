// What a network brick returns: a value, or the Failure that stood in its way.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <stdexcept>

#include "probes/result.hpp"

namespace healthd {

template <typename T>
using Result = boost::system::result<T, Failure>;

/// `result.value()` on a failure is a bug in the caller: ask first.
[[noreturn]] inline void throw_exception_from_error(const Failure& failure, const boost::source_location&) {
  throw std::logic_error{"unchecked failure: " + failure.detail};
}

/// The closed reason for an error of a socket; `internal` where we ran out of something ourselves. A
/// cancelled operation throws instead: it is no finding.
Failure failure_from(const boost::system::error_code& error);

}  // namespace healthd
