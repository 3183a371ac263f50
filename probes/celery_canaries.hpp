// Test tasks under way, one for each queue that the operator named. A task outlives the run that sent it:
// each run looks what became of those before.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "probes/celery_canary.hpp"
#include "probes/celery_options.hpp"
#include "probes/moment.hpp"
#include "probes/trace.hpp"

namespace healthd {

class CeleryCanaries {
 public:
  CeleryCanaries(std::shared_ptr<Broker> broker, const CeleryOptions& options);

  /// Judges what came back, withdraws what did not, sends what is due. After Broker::ask() in the same turn.
  /// Returns the messages that were withdrawn from the middle of a queue, by the queue's place in the
  /// options.
  asio::awaitable<std::vector<std::pair<std::size_t, std::string>>> step(const Turns::Turn& turn,
                                                                         Trace& trace);

  /// We are about to end: takes back what nobody has taken, and removes the results of the others as soon as
  /// they are there. Await it under a deadline; what is not done then dies by itself in a day.
  asio::awaitable<void> abandon(const Turns::Turn& turn, Resolver& resolver, Trace& trace);

  void report(ProbeResult& result, const Moment& now) const;

 private:
  using Time = Moment::Steady;

  struct Flight {
    CanaryTask task;
    std::string message;
    Time sent_at;
  };
  struct Canary {
    std::size_t queue = 0;
    std::optional<Flight> flight;
    std::optional<Time> due;
    std::optional<Time> last_success;
    std::optional<Failure> verdict;  ///< of the last one that ended
    Time ended_at{};
    Histogram roundtrips;
  };

  asio::awaitable<bool> land(const Turns::Turn& turn, Canary& canary);
  asio::awaitable<Failure> send(const Turns::Turn& turn, Canary& canary);
  asio::awaitable<std::optional<BrokerNews::Result>> stored_result(const Turns::Turn& turn, std::string id);
  asio::awaitable<void> remove_late_results(const Turns::Turn& turn);
  asio::awaitable<bool> remove_result(const Turns::Turn& turn, std::string id);
  asio::awaitable<std::optional<bool>> withdraw(const Turns::Turn& turn, const Flight& flight);
  void end(Canary& canary, Failure verdict);

  std::shared_ptr<Broker> broker_;
  const CeleryOptions& options_;
  std::vector<Canary> canaries_;
  std::vector<std::string> lost_;  ///< ids of those that were taken and did not come back in time
};

}  // namespace healthd
