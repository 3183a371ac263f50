// Workers that live, fall silent and come back, with a run every few seconds that judges them: for the tests
// of what is said of each. Time is made up.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "probes/celery_workers.hpp"

namespace healthd::test {

using namespace std::chrono_literals;

/// A connection that waits for tasks; with `idle`, one that has stopped to.
inline RedisPeer consumer(long long id, std::string host, long long idle = 0) {
  return {id, std::move(host), "", "brpop", idle, 0, idle == 0};
}

inline RedisPeer peer(long long id, std::string host, std::string command, long long idle) {
  return {id, std::move(host), "", std::move(command), idle, 0, false};
}

class Crew {
 public:
  using Time = CeleryWorkers::Time;

  struct Member {
    bool beats = true;    ///< sends heartbeats
    bool answers = true;  ///< to questions
    bool listens = true;  ///< counts among those who heard the question
    WorkerNews news;
  };

  explicit Crew(const std::vector<std::string>& names) {
    for (const auto& name : names) start(name);
  }

  std::map<std::string, Member> members;
  std::chrono::seconds interval = 1s;  ///< from run to run
  bool asks = true;
  long long foreign = 0;  ///< listeners that are no workers
  std::optional<std::vector<RedisPeer>> peers;
  Time now{1000s};
  std::optional<Time> hearing_since = now;
  CeleryWorkers workers{60s, now};

  void start(const std::string& name, long long pid = 1) {
    auto& member = members[name];
    member = Member{};
    member.news.pid = pid;
    member.news.online = now;
  }
  void kill(const std::string& name) {
    auto& member = members.at(name);
    member.beats = member.answers = member.listens = false;
  }
  /// Its process is stopped: its connections stand.
  void freeze(const std::string& name) { members.at(name).beats = members.at(name).answers = false; }
  /// Its heartbeats go on, and nothing else.
  void deafen(const std::string& name) { members.at(name).answers = members.at(name).listens = false; }
  void leave(const std::string& name) {
    kill(name);
    members.at(name).news.offline = now;
  }

  /// Lets time pass, with a run at its end and each `interval` before.
  void pass(std::chrono::seconds span) {
    for (auto passed = 1s; passed <= span; passed += 1s) {
      now += 1s;
      for (auto& [name, member] : members) beat(member);
      if ((span - passed) % interval == 0s) run();
    }
  }

  void run() {
    WorkerRound round;
    round.asked_at = now - 10ms;
    round.asked = asks;
    round.peers = peers ? &*peers : nullptr;
    round.hearing_since = hearing_since;
    if (asks) round.receivers = foreign;
    std::map<std::string, WorkerNews> news;
    for (const auto& [name, member] : members) {
      if (asks && member.listens) ++round.receivers;
      if (asks && member.answers) {
        round.nodes.push_back(name);
        ++round.answers;
      }
      if (last_heard(member) >= now - 1h) news[name] = member.news;
    }
    verdicts = workers.judge(round, news, now);
  }

  const WorkerVerdict* verdict(const std::string& name) const {
    const auto found = std::ranges::find(verdicts, name, &WorkerVerdict::node);
    return found == verdicts.end() ? nullptr : &*found;
  }

  std::string state(const std::string& name) const {
    const auto* found = verdict(name);
    return found == nullptr ? "forgotten" : std::string{to_string(found->state)};
  }

  std::vector<WorkerVerdict> verdicts;

 private:
  void beat(Member& member) const {
    const auto period = std::chrono::seconds{static_cast<long long>(member.news.frequency)};
    if (member.beats && now.time_since_epoch() % period == 0s) member.news.heartbeat = now;
  }

  /// The probe forgets news that is older than an hour.
  static Time last_heard(const Member& member) {
    return std::max({member.news.heartbeat.value_or(Time{}), member.news.online.value_or(Time{}),
                     member.news.offline.value_or(Time{})});
  }
};

}  // namespace healthd::test
