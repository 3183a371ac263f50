#include "probes/result.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace healthd {
namespace {

constexpr std::array<std::string_view, reason_count> reason_names{"none",
                                                                  "resolve",
                                                                  "connect_refused",
                                                                  "connect_timeout",
                                                                  "unreachable",
                                                                  "tls_handshake",
                                                                  "tls_expired",
                                                                  "tls_not_yet_valid",
                                                                  "tls_hostname",
                                                                  "tls_untrusted",
                                                                  "tls_protocol",
                                                                  "auth",
                                                                  "permission",
                                                                  "protocol",
                                                                  "reset",
                                                                  "timeout",
                                                                  "http_status",
                                                                  "body_mismatch",
                                                                  "too_large",
                                                                  "query_error",
                                                                  "too_many_connections",
                                                                  "starting",
                                                                  "read_only",
                                                                  "oom",
                                                                  "loading",
                                                                  "busy",
                                                                  "misconf",
                                                                  "masterdown",
                                                                  "maxclients",
                                                                  "no_reply",
                                                                  "not_consuming",
                                                                  "role_changed",
                                                                  "noreplicas",
                                                                  "saturated",
                                                                  "duplicate",
                                                                  "wrong_database",
                                                                  "schema_mismatch",
                                                                  "config_mismatch",
                                                                  "slow",
                                                                  "stale",
                                                                  "internal"};
static_assert(!reason_names.back().empty());

constexpr std::array<std::string_view, phase_count> phase_names{"resolve", "connect",    "tls",     "auth",
                                                                "request", "first_byte", "transfer"};

}  // namespace

std::string_view to_string(Status status) {
  switch (status) {
    case Status::up:
      return "up";
    case Status::degraded:
      return "degraded";
    case Status::down:
      return "down";
    case Status::unknown:
      return "unknown";
  }
  std::abort();
}

std::string_view to_string(Reason reason) { return reason_names.at(static_cast<std::size_t>(reason)); }
std::string_view to_string(Phase phase) { return phase_names.at(static_cast<std::size_t>(phase)); }

CheckResult judge(std::string name, Failure failure) {
  Status status = failure ? Status::down : Status::up;
  const bool ours = failure.reason == Reason::auth || failure.reason == Reason::permission ||
                    failure.reason == Reason::internal;
  if (ours) status = Status::unknown;
  return {std::move(name), status, failure.reason, std::move(failure.detail)};
}

void conclude(ProbeResult& result) {
  if (result.checks.empty()) return;
  const CheckResult& main = result.checks.front();
  const auto failed = [](const CheckResult& check) { return check.status != Status::up; };
  const auto side = std::find_if(result.checks.begin() + 1, result.checks.end(), failed);
  const bool main_decides = failed(main) || side == result.checks.end();
  const CheckResult& decisive = main_decides ? main : *side;
  result.status = main_decides ? main.status : Status::degraded;
  result.reason = decisive.reason;
  result.detail = decisive.detail;
}

const CheckResult* find_check(const ProbeResult& result, std::string_view name) {
  const auto found = std::ranges::find(result.checks, name, &CheckResult::name);
  return found == result.checks.end() ? nullptr : &*found;
}

}  // namespace healthd
