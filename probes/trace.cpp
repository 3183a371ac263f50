#include "probes/trace.hpp"

namespace healthd {

void Trace::enter(Phase phase) {
  leave();
  current_ = phase;
  since_ = std::chrono::steady_clock::now();
}

void Trace::leave() {
  if (!current_) return;
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - since_;
  auto& seconds = phases_[*current_];
  seconds = seconds.value_or(0) + spent.count();
  current_.reset();
}

void Trace::add(const Phases& phases) {
  for (std::size_t i = 0; i < phase_count; ++i) {
    if (!phases.seconds[i]) continue;
    auto& seconds = phases_.seconds[i];
    seconds = seconds.value_or(0) + *phases.seconds[i];
  }
}

Failure timed_out(const Trace& trace) {
  const auto phase = trace.current();
  if (!phase) return {Reason::timeout, "deadline passed"};
  switch (*phase) {
    case Phase::resolve:
      return {Reason::resolve, "the name was not resolved in time"};
    case Phase::connect:
      return {Reason::connect_timeout, "the connection was not accepted in time"};
    case Phase::tls:
      return {Reason::timeout, "the TLS handshake did not end in time"};
    case Phase::auth:
      return {Reason::timeout, "the server did not finish authentication in time"};
    case Phase::request:
      return {Reason::timeout, "the request was not answered in time"};
    case Phase::first_byte:
      return {Reason::timeout, "no answer in time"};
    case Phase::transfer:
      return {Reason::timeout, "the answer did not end in time"};
  }
  std::abort();
}

}  // namespace healthd
