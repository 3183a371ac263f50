#include "probes/net/broker_news.hpp"

#include <algorithm>
#include <utility>

namespace healthd {
namespace {

constexpr std::size_t most_workers = 200;
constexpr std::size_t most_sends = 64;

struct StatusOutcome {
  std::string_view status;
  std::size_t outcome;
};

/// Celery's statuses; the rest is `other`.
constexpr std::array statuses{StatusOutcome{"SUCCESS", 0}, StatusOutcome{"FAILURE", 1},
                              StatusOutcome{"RETRY", 2}, StatusOutcome{"REVOKED", 3}};

WorkerNews::Time last_heard(const WorkerNews& worker) {
  const WorkerNews::Time never{};
  return std::max(
      {worker.heartbeat.value_or(never), worker.online.value_or(never), worker.offline.value_or(never)});
}

}  // namespace

void BrokerNews::hear(std::string_view channel, std::string_view message, std::string_view results,
                      Time now) {
  if (!results.empty() && channel.starts_with(results)) {
    hear_result(std::string{channel.substr(results.size())}, message, now);
  } else if (auto worker = decode_worker_event(message)) {
    hear_worker(std::move(*worker), now);
  } else {
    for (const auto& event : decode_task_events(message)) hear_task(event, now);
  }
}

void BrokerNews::hear_worker(WorkerEvent event, Time now) {
  if (workers_.size() >= most_workers && !workers_.contains(event.node))
    workers_.erase(
        std::ranges::min_element(workers_, {}, [](const auto& each) { return last_heard(each.second); }));
  auto& worker = workers_[event.node];
  worker.pid = event.pid;
  if (!event.version.empty()) worker.version = std::move(event.version);
  switch (event.kind) {
    case WorkerEvent::Kind::online:
      worker.online = now;
      worker.active.reset();
      return;
    case WorkerEvent::Kind::offline:
      worker.offline = now;
      return;
    case WorkerEvent::Kind::heartbeat:
      worker.heartbeat = now;
      if (event.prompted) {
        worker.prompted = now;
        return;
      }
      worker.frequency = event.frequency;
      worker.active = event.active;
      return;
  }
}

void BrokerNews::hear_task(const TaskEvent& event, Time now) {
  const auto type = std::ranges::find(event_types, event.type);
  if (type == event_types.end()) return;
  ++events_[static_cast<std::size_t>(type - event_types.begin())];
  if (event.type != "sent") return;
  const auto watched = sends_.find(event.name);
  if (watched == sends_.end()) return;
  if (watched->second.size() >= most_sends) watched->second.pop_front();
  watched->second.push_back({now, event.sender});
}

void BrokerNews::hear_result(const std::string& id, std::string_view message, Time now) {
  const auto status = decode_result_status(message);
  if (status.empty()) return;
  const auto known = std::ranges::find(statuses, status, &StatusOutcome::status);
  ++results_[known == statuses.end() ? outcomes.size() - 1 : known->outcome];
  const auto watched = outcomes_.find(id);
  if (watched == outcomes_.end()) return;
  if (auto outcome = decode_outcome(message)) watched->second = Result{now, std::move(*outcome)};
}

void BrokerNews::forget_before(Time when) {
  std::erase_if(workers_, [when](const auto& entry) { return last_heard(entry.second) < when; });
}

std::deque<BrokerNews::Sent> BrokerNews::take_sends(const std::string& name) {
  const auto watched = sends_.find(name);
  return watched == sends_.end() ? std::deque<Sent>{} : std::exchange(watched->second, {});
}

}  // namespace healthd
