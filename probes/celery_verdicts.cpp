#include "probes/celery_verdicts.hpp"

#include <algorithm>

namespace healthd {
namespace {

constexpr std::size_t most_named = 10;

}  // namespace

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (std::size_t at = 0; at < parts.size() && at < most_named; ++at)
    text += (text.empty() ? "" : ", ") + parts[at];
  return parts.size() > most_named ? text + " and " + std::to_string(parts.size() - most_named) + " more"
                                   : text;
}

std::vector<std::string> named(const std::vector<WorkerVerdict>& workers, WorkerState state) {
  std::vector<std::string> names;
  for (const auto& worker : workers)
    if (worker.state == state) names.push_back(worker.node);
  return names;
}

bool any(const std::vector<WorkerVerdict>& workers, WorkerState state) {
  return std::ranges::find(workers, state, &WorkerVerdict::state) != workers.end();
}

long long working(const std::vector<WorkerVerdict>& workers) {
  return std::ranges::count_if(workers, [](const auto& worker) {
    return worker.state == WorkerState::healthy || worker.state == WorkerState::saturated;
  });
}

long long well(const std::vector<WorkerVerdict>& workers) {
  return working(workers) + std::ranges::count(workers, WorkerState::busy_solo, &WorkerVerdict::state);
}

std::vector<std::string> nodes_of(const std::vector<PidboxReply>& replies) {
  std::vector<std::string> nodes;
  for (const auto& reply : replies)
    if (!reply.node.empty()) nodes.push_back(reply.node);
  return nodes;
}

const PidboxRound* asked_round(const CelerySight& sight) {
  if (const auto* ping = sight.round("ping")) return ping;
  return sight.heartbeats ? &*sight.heartbeats : nullptr;
}

bool only_listening(const CelerySight& sight) {
  return asked_round(sight) == nullptr &&
         (!sight.ping_failure || sight.ping_failure.reason == Reason::permission);
}

}  // namespace healthd
