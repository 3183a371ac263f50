// A real Redis, Celery worker and Beat for one test, on a free port of 127.0.0.1 and in a temporary folder.
#pragma once

#include <string>
#include <vector>

#include "tests/support/process.hpp"

namespace healthd::test {

class RedisServer {
 public:
  /// Waits until it answers. `settings` are lines of redis.conf.
  explicit RedisServer(std::vector<std::string> settings = {});

  std::uint16_t port() const { return port_; }
  std::string url(int database = 0) const;
  Process& process() { return process_; }
  void stop() { process_.stop(); }
  void start();

  /// One command over a connection of its own, through hiredis; texts as they are, lists joined by spaces,
  /// errors with `-` before them.
  std::string say(const std::vector<std::string>& words) const { return say_in(0, words); }
  /// Likewise, in another database.
  std::string say_in(int database, const std::vector<std::string>& words) const;

 private:
  TempDir folder_;
  std::uint16_t port_;
  std::vector<std::string> settings_;
  Process process_;
};

/// What a Celery application is set up like.
struct CelerySetup {
  int database = 0;
  std::string queue = "celery";
  std::string options = {};  ///< more lines for app.conf, such as `broker_transport_options={...},`
  double beat_every = 2;
};

class Celery {
 public:
  Celery(const RedisServer& redis, CelerySetup setup = CelerySetup{});

  /// A worker that consumes by the time this returns.
  /// `heartbeats`: it tells of itself; silent otherwise, so that a test can tell who published.
  Process start_worker(const std::string& node, const std::string& pool = "solo", bool heartbeats = false);
  Process start_beat();
  /// Puts one message of `task` into the queue.
  void send(const std::string& task, const std::string& arguments = "[]");
  /// Likewise, to be started after so many seconds: a worker takes it and leaves it unacked until then.
  void send_for_later(const std::string& task, int seconds);
  std::string log(const std::string& name) const;

 private:
  void call(std::vector<std::string> arguments);
  Command command(std::vector<std::string> arguments, const std::string& log) const;

  const RedisServer& redis_;
  CelerySetup setup_;
  TempDir folder_;
};

}  // namespace healthd::test
