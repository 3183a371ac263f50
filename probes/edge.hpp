// The edge's answer, and whose fault a bad one is: the proxy's, or that of the application behind it.
#pragma once

#include <cstdint>
#include <optional>

#include "probes/http_question.hpp"

namespace healthd {

/// Who is to blame for the edge's answer, as far as it tells by itself.
struct EdgeFault {
  Failure https;             ///< the proxy does not do its work
  Failure upstream;          ///< the proxy says that the application failed it
  bool answered = false;     ///< without an answer nothing clears the proxy
  bool may_be_both = false;  ///< the application's own answer tells more
};
EdgeFault blame(const HttpAnswer& answer);

/// What an answer that came past the proxy says about the application; `nothing` where it may be due to the
/// way there or to ourselves.
enum class Witness : std::uint8_t { nothing, works, fails };

/// What the application says when it is asked past the proxy.
struct DirectAnswer {
  CheckResult check;
  int status = 0;  ///< the status code; 0 where no answer came
  Witness witness = Witness::nothing;
};

struct EdgeAnswers {
  HttpAnswer edge;
  EdgeFault fault;
  std::optional<DirectAnswer> direct;  ///< only where the fault may be both
};

/// Asks the edge, which has until `deadline`. Where `direct` is there, the application is asked past it as
/// soon as the edge's answer calls for that, or once two thirds of the time have gone without one.
asio::awaitable<EdgeAnswers> ask_edge(Resolver& resolver, Trace& trace, const HttpQuestion& edge,
                                      const std::optional<HttpTarget>& direct, Deadline deadline);

/// Draws the conclusion: an application that fails by itself is to blame for a bad answer of the edge; one
/// that works clears itself. Adds the sample and the evidence, and lets the details say so.
void compare(const DirectAnswer& direct, EdgeFault& fault, ProbeResult& result);

}  // namespace healthd
