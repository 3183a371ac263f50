// What the judgements of a celery probe share: questions to verdicts, and to what a run saw. No I/O.
#pragma once

#include <string>
#include <vector>

#include "probes/celery_look.hpp"
#include "probes/celery_workers.hpp"

namespace healthd {

/// At most ten, and how many more there are.
std::string joined(const std::vector<std::string>& parts);

std::vector<std::string> named(const std::vector<WorkerVerdict>& workers, WorkerState state);
bool any(const std::vector<WorkerVerdict>& workers, WorkerState state);
/// Healthy or saturated.
long long working(const std::vector<WorkerVerdict>& workers);
/// Likewise, or busy with a task in a solo pool.
long long well(const std::vector<WorkerVerdict>& workers);

std::vector<std::string> nodes_of(const std::vector<PidboxReply>& replies);
/// Who answered what was asked, by whichever way; nullptr where nobody was asked.
const PidboxRound* asked_round(const CelerySight& sight);
/// Nobody could be asked because we may not, rather than because the broker is at fault.
bool only_listening(const CelerySight& sight);

}  // namespace healthd
