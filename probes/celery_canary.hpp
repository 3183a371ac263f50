// A task that proves consumption: `celery.accumulate`, which every Celery application has, returns what it
// is given. The message and the judgement of what came of it. Pure. Source: Celery's message protocol 2 and
// celery.app.builtins.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "probes/net/celery_events.hpp"
#include "probes/result.hpp"

namespace healthd {

inline constexpr std::string_view canary_task_name = "celery.accumulate";

struct CanaryTask {
  std::string id;     ///< fresh for each
  std::string nonce;  ///< what must come back
  std::string queue;
  std::chrono::system_clock::time_point expires;  ///< a worker that takes it later only says so
  std::string origin;                             ///< who sends it, `healthd@host`
};

/// The message to LPUSH, exactly as it must be withdrawn with LREM: the same task is always the same bytes.
std::string encode_canary(const CanaryTask& task);

/// No failure where the nonce came back; `stale` for one that was taken only after it had expired;
/// `protocol` for another value; `query_error` where the worker refused it (with the exception's class in
/// the detail); `no_reply` for any other status, which is not final: while there is time, wait on.
Failure judge_canary_task(const CanaryTask& task, const TaskOutcome& outcome);

}  // namespace healthd
