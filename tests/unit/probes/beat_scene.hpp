// A Beat that sends, workers that run what it sent, and a beat probe that looks every 15 seconds of made up
// time.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "probes/beat_judge.hpp"
#include "tests/support/probe_bench.hpp"

namespace healthd::test {

using namespace std::chrono_literals;

/// Sends a task each minute, `phase` after the full one.
struct SceneBeat {
  std::chrono::seconds phase{10};
  std::string sender{"gen1@beat"};
  bool runs = true;
  bool connected = true;
  long long connection = 50;
  std::optional<Moment::Steady> sent = {};  ///< last
};

class BeatScene {
 public:
  explicit BeatScene(std::vector<SceneBeat> given = {SceneBeat{}}) : beats{std::move(given)} {}

  std::vector<SceneBeat> beats;
  bool asks = true;
  bool workers_answer = true;
  bool workers_run = true;
  bool knows_task = true;
  bool tells_of_sends = false;  ///< task_send_sent_event
  bool peers_visible = true;
  Failure broker;
  Failure queue;  ///< why its length is not told
  Moment now{Moment::Steady{} + 1h, std::chrono::system_clock::time_point{} + 480000h};
  std::optional<Moment::Steady> heard_since{now.steady};

  void kill(std::size_t beat = 0) { beats[beat].runs = beats[beat].connected = false; }
  void freeze(std::size_t beat = 0) { beats[beat].runs = false; }

  ProbeResult run() {
    for (auto second = 0; second < 15; ++second) {
      now.steady += 1s;
      now.wall += 1s;
      for (auto& beat : beats)
        if (beat.runs && (now.steady.time_since_epoch() - beat.phase) % 60s == 0s) send(beat);
      if (workers_run) started_ += std::exchange(ready_, 0);
    }
    return judge_.judge(look(), now);
  }

  /// The last of the runs of so long a time.
  ProbeResult runs(std::chrono::seconds span) {
    for (auto passed = 15s; passed < span; passed += 15s) run();
    return run();
  }

 private:
  void send(SceneBeat& beat) {
    ++ready_;
    beat.sent = now.steady;
    if (tells_of_sends) sends_.push_back({now.steady, beat.sender});
  }

  BeatSight look() {
    BeatSight sight;
    sight.failure = broker;
    sight.sends = std::exchange(sends_, {});
    sight.heard_since = heard_since;
    if (broker) return sight;
    sight.queues.lengths = {ready_};
    sight.queues.failure = queue;
    if (peers_visible) sight.peers = peers();
    sight.asked = asks;
    sight.answered = sight.complete = asks && workers_answer;
    if (sight.answered) sight.workers.push_back({"w1", 1, knows_task ? started_ : 0, knows_task});
    return sight;
  }

  std::vector<RedisPeer> peers() const {
    std::vector<RedisPeer> all{{1, "h", "superset-healthd", "client|list", 0, 0, false},
                               {2, "h", "", "brpop", 0, 0, true}};
    for (const auto& beat : beats) {
      if (!beat.connected || !beat.sent) continue;
      const auto idle = std::chrono::duration_cast<std::chrono::seconds>(now.steady - *beat.sent).count();
      all.push_back({beat.connection, "b", "", tells_of_sends ? "publish" : "lpush", idle, 0, false});
    }
    return all;
  }

  BeatJudge judge_{"reports.scheduler", 60s, 15s};
  long long ready_ = 0;
  long long started_ = 100;
  std::deque<BrokerNews::Sent> sends_;
};

/// `status/reason` of the check `tick`.
inline std::string tick(const ProbeResult& result) {
  const auto* found = find_check(result, "tick");
  return found == nullptr
             ? ""
             : std::string{to_string(found->status)} + "/" + std::string{to_string(found->reason)};
}

/// The one state whose series is 1.
inline std::string beat_state(const ProbeResult& result) {
  std::string state;
  for (const auto& sample : result.samples)
    if (sample.name == "healthd_beat_state" && sample.value != 0)
      state += (state.empty() ? "" : " and ") + sample.labels.front().second;
  return state;
}

}  // namespace healthd::test
