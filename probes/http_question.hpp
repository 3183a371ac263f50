// The request that an HTTP probe stands for, and the verdict on its answer.
#pragma once

#include <optional>

#include "probes/http_expect.hpp"
#include "probes/http_get.hpp"

namespace healthd {

struct HttpQuestion {
  HttpTarget target;
  Expectations expect;
  std::optional<Duration> slow_after;  ///< nullopt: no answer is too slow
};

/// Reads the URL under `url`, the `expect_*` keys, `follow_redirects` and `slow_after`. `statuses`: what is
/// expected where nothing is configured; empty: any of 200-399.
HttpQuestion read_http_question(ProbeConfig& config, Workshop& workshop, std::vector<int> statuses = {});

struct HttpAnswer {
  HttpFinding finding;
  Failure failure;                    ///< on the way, or of an answer that is not as expected
  std::optional<Phase> timed_out_in;  ///< where the deadline came
  Deadline::Clock::duration took{};
  Deadline::Clock::duration waited{};  ///< of it, over a connection that stood
  /// The status code that came; 0 where none did.
  int status() const { return finding.response ? finding.response->status : 0; }
};

/// Asks once, until `deadline`; the trace's last phase is left.
asio::awaitable<HttpAnswer> ask(Resolver& resolver, Trace& trace, const HttpQuestion& question,
                                Deadline deadline);

/// The deadline came after the connection stood and before a single byte of this page.
bool left_waiting(const HttpAnswer& answer);

/// The part of a run in which a connection stood.
Deadline::Clock::duration time_connected(const Phases& phases);

/// The main check: as `judge`, but a target that asks to be left alone (429) is no more than degraded, and
/// rested for as long as it asks.
CheckResult judge_main(std::string name, const HttpAnswer& answer, ProbeResult& result);

/// Adds the check `latency` where `slow_after` is configured. For good answers only: others have no speed.
void add_latency(const HttpQuestion& question, const HttpAnswer& answer, ProbeResult& result);

}  // namespace healthd
