// A Celery application as the runs of a celery probe see it, without a broker: for the tests of the verdicts.
// A run comes every 15 seconds of made up time, and inspects when the judge wants it.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "probes/celery_judge.hpp"
#include "tests/support/probe_bench.hpp"
#include "tests/unit/probes/celery_samples.hpp"

namespace healthd::test {

using namespace std::chrono_literals;
using nlohmann::json;

inline CeleryOptions celery_options(std::vector<std::string> queues = {"celery"}) {
  CeleryOptions options;
  options.queues = std::move(queues);
  return options;
}

struct SceneWorker {
  bool beats = true;
  bool answers = true;
  bool listens = true;
  bool pickles = false;  ///< its answers cannot be read; a heartbeat that we ask for names it
  long long pid = 1;
  long long concurrency = 4;
  bool solo = false;
  std::vector<std::string> queues{"celery"};
  std::vector<std::string> active = {}, reserved = {};  ///< ids of tasks
  std::string task_queue{"celery"};                     ///< that they came by
  std::string database{"0"};
  json transport_options = json::object();

  json stats() const {
    const auto* kind = solo ? "celery.concurrency.solo:TaskPool" : "celery.concurrency.prefork:TaskPool";
    return {{"pid", pid},
            {"total", json::object()},
            {"pool", {{"implementation", kind}, {"max-concurrency", concurrency}}},
            {"broker", {{"virtual_host", database}, {"transport_options", transport_options}}}};
  }
  json tasks(const std::vector<std::string>& ids) const {
    auto list = json::array();
    for (const auto& id : ids)
      list.push_back({{"id", id}, {"name", "report"}, {"delivery_info", {{"routing_key", task_queue}}}});
    return list;
  }
  json queue_list() const {
    auto list = json::array();
    for (const auto& name : queues) list.push_back({{"name", name}});
    return list;
  }
};

class Scene {
 public:
  explicit Scene(const std::vector<std::string>& names = {"w1", "w2"}, CeleryOptions given = celery_options())
      : options{std::move(given)} {
    for (const auto& name : names) workers[name];
    listening_since = now.steady;
  }
  Scene(const Scene&) = delete;

  CeleryOptions options;
  Moment now{Moment::Steady{} + 1h, std::chrono::system_clock::time_point{} + 480000h};
  CeleryJudge judge{options, 0, now.steady};
  BrokerNews news;
  std::map<std::string, SceneWorker> workers;
  std::map<std::string, long long> lengths;     ///< of queues
  std::vector<std::optional<AgeBracket>> ages;  ///< of the oldest message of each queue
  std::optional<std::vector<RedisPeer>> peers;  ///< of the broker; nullopt: a consumer for each worker
  bool peers_visible = true;
  Failure broker;  ///< what is wrong with it
  Failure gate;    ///< why it takes no question with a reply
  Failure deaf;
  std::optional<Moment::Steady> listening_since;
  long long inspections = 0;

  SceneWorker& operator[](const std::string& name) { return workers.at(name); }
  void freeze(const std::string& name) { workers.at(name).beats = workers.at(name).answers = false; }
  void deafen(const std::string& name) { workers.at(name).answers = workers.at(name).listens = false; }
  void kill(const std::string& name) {
    freeze(name);
    workers.at(name).listens = false;
  }

  ProbeResult run(std::chrono::seconds span = 15s) {
    now.steady += span;
    now.wall += span;
    for (const auto& [name, worker] : workers)
      if (worker.beats) heartbeat(name, worker, now.steady - 1s, false);
    const auto seen = look(judge.wants_inspection(now.steady));
    return judge.judge(seen, news, {listening_since, listening_since.has_value(), refused}, now);
  }

  /// The last of so many runs.
  ProbeResult runs(int count) {
    for (auto done = 1; done < count; ++done) run();
    return run();
  }

  std::string refused;  ///< what we may not listen to

 private:
  void heartbeat(const std::string& node, const SceneWorker& worker, Moment::Steady at, bool asked_for) {
    json body{{"type", "worker-heartbeat"}, {"hostname", node}, {"pid", worker.pid}, {"sw_ver", "5.2.6"}};
    body["freq"] = asked_for ? 5 : 2;
    if (!asked_for) body["active"] = worker.active.size();
    news.hear("/0.celeryev/worker.heartbeat", celery_samples::message_of(body),
              options.listening.result_prefix, at);
  }

  CelerySight look(bool inspect) {
    CelerySight sight;
    sight.failure = broker;
    if (broker) return sight;
    for (const auto& queue : options.queues) sight.queues.lengths.push_back(lengths[queue]);
    sight.ages = ages;
    if (peers_visible) sight.peers = peers ? *peers : usual_peers();
    sight.deaf = deaf;
    if (options.passive) return sight;
    sight.ping_failure = gate;
    if (gate && gate.reason == Reason::oom) sight.heartbeats = ask("heartbeat");
    if (gate) return sight;
    sight.rounds.push_back(ask("ping"));
    for (const auto& [name, worker] : workers)
      if (worker.answers && worker.pickles) heartbeat(name, worker, now.steady - 50ms, true);
    if (!inspect) return sight;
    ++inspections;
    sight.inspected = true;
    for (const auto* method : {"stats", "active", "active_queues", "reserved"})
      sight.rounds.push_back(ask(method));
    return sight;
  }

  PidboxRound ask(const std::string& method) const {
    PidboxRound round{method, now.steady - 100ms, 0, {}};
    for (const auto& [name, worker] : workers) {
      if (worker.listens) ++round.receivers;
      if (!worker.answers) continue;
      const bool readable = !worker.pickles;
      round.replies.push_back({"t", readable ? name : "", readable ? answer(worker, method).dump() : ""});
    }
    return round;
  }

  static json answer(const SceneWorker& worker, const std::string& method) {
    if (method == "stats") return worker.stats();
    if (method == "active") return worker.tasks(worker.active);
    if (method == "reserved") return worker.tasks(worker.reserved);
    if (method == "active_queues") return worker.queue_list();
    return {{"ok", "pong"}};
  }

  std::vector<RedisPeer> usual_peers() const {
    std::vector<RedisPeer> all;
    for (const auto& [name, worker] : workers)
      if (worker.listens) all.push_back({static_cast<long long>(all.size()), "h", "", "brpop", 0, 0, true});
    return all;
  }
};

/// `status/reason` of a check, such as `down/no_reply`; "" where there is none of that name.
inline std::string check(const ProbeResult& result, std::string_view name) {
  const auto* found = find_check(result, name);
  if (found == nullptr) return "";
  return std::string{to_string(found->status)} + "/" + std::string{to_string(found->reason)};
}

inline bool says(const ProbeResult& result, std::string_view name, std::string_view words) {
  const auto* found = find_check(result, name);
  return found != nullptr && found->detail.find(words) != std::string::npos;
}

/// The one state of a worker whose series is 1.
inline std::string worker_state(const ProbeResult& result, const std::string& worker) {
  std::string state;
  for (const auto& sample : result.samples) {
    const bool fits = sample.name == "healthd_celery_worker_state" && sample.labels.front().second == worker;
    if (!fits || sample.value == 0) continue;
    state += (state.empty() ? "" : " and ") + sample.labels.back().second;
  }
  return state;
}

}  // namespace healthd::test
