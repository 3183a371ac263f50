#include "probes/result.hpp"

#include <catch2/catch_test_macros.hpp>
#include <set>

#include "probes/trace.hpp"

namespace healthd {
namespace {

ProbeResult concluded(std::vector<CheckResult> checks) {
  ProbeResult result;
  result.checks = std::move(checks);
  conclude(result);
  return result;
}

}  // namespace

TEST_CASE("every reason has a name of its own") {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < reason_count; ++i) names.insert(to_string(static_cast<Reason>(i)));
  CHECK(names.size() == reason_count);
  CHECK(to_string(Reason::schema_mismatch) == "schema_mismatch");
  CHECK(to_string(Reason::internal) == "internal");
}

TEST_CASE("the main check decides; a side check only degrades") {
  const Failure refused{Reason::connect_refused, "nobody listens"};
  CHECK(concluded({judge("https", {}), judge("redirect", {})}).status == Status::up);
  const auto degraded = concluded({judge("https", {}), judge("redirect", refused)});
  CHECK(degraded.status == Status::degraded);
  CHECK(degraded.reason == Reason::connect_refused);
  const auto down = concluded({judge("https", refused), judge("redirect", {})});
  CHECK(down.status == Status::down);
  CHECK(down.detail == "nobody listens");
}

TEST_CASE("a wrong password is the monitor's fault, not an outage") {
  CHECK(concluded({judge("ping", {Reason::auth, ""})}).status == Status::unknown);
  CHECK(concluded({judge("ping", {Reason::permission, ""})}).status == Status::unknown);
}

TEST_CASE("a deadline's meaning depends on the phase it came in") {
  Trace trace;
  trace.enter(Phase::resolve);
  CHECK(timed_out(trace).reason == Reason::resolve);
  trace.enter(Phase::connect);
  CHECK(timed_out(trace).reason == Reason::connect_timeout);
  trace.enter(Phase::first_byte);
  CHECK(timed_out(trace).reason == Reason::timeout);
  trace.leave();
  CHECK(trace.phases()[Phase::resolve].has_value());
  CHECK_FALSE(trace.phases()[Phase::tls].has_value());
}

}  // namespace healthd
