// The edge's answer, and whose fault a bad one is: the proxy's, or that of the application behind it.
#pragma once

#include <optional>

#include "probes/http_question.hpp"

namespace healthd {

/// Who is to blame for the edge's answer, as far as it tells by itself.
struct EdgeFault {
  Failure https;             ///< the proxy does not do its work
  Failure upstream;          ///< the proxy says that the application failed it
  bool may_be_both = false;  ///< only the application's own answer can tell
};
EdgeFault blame(const HttpAnswer& answer);

/// What the application says when it is asked past the proxy.
struct DirectAnswer {
  CheckResult check;
  int status = 0;  ///< the status code; 0 where no answer came
};

/// Asks once. `expect`: of the edge; what it wants of headers is left out, for the proxy may add them.
asio::awaitable<DirectAnswer> ask_directly(Resolver& resolver, const HttpTarget& target,
                                           const Expectations& expect, Deadline deadline);

/// Draws the conclusion: an application that fails by itself is the upstream's fault, whatever the edge
/// showed; one that answers clears itself. Adds the sample and the evidence, and lets the details say so.
void compare(const DirectAnswer& direct, EdgeFault& fault, ProbeResult& result);

}  // namespace healthd
