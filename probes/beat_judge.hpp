// From what the runs of a beat probe saw to its result. Beat cannot be asked: what it does is told from what
// comes of it. No I/O.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/beat_connection.hpp"
#include "probes/beat_rate.hpp"
#include "probes/beat_ticks.hpp"
#include "probes/celery_queues.hpp"
#include "probes/moment.hpp"
#include "probes/net/broker_news.hpp"

namespace healthd {

/// `silent`: it sends nothing, and whether it is gone or hangs cannot be told. `stalled`: it sends, or may,
/// but the workers do not move.
enum class BeatState { alive, dead, hung, silent, stalled, unknown };
constexpr std::size_t beat_state_count = static_cast<std::size_t>(BeatState::unknown) + 1;
std::string_view to_string(BeatState state);

/// What one run saw.
struct BeatSight {
  Failure failure;                   ///< of the broker: nothing is known
  bool asked = false;                ///< the workers were asked for their counters
  std::vector<WorkerStats> workers;  ///< what they said
  bool answered = false;             ///< somebody answered, readable or not
  bool complete = false;             ///< everybody who listens answered
  bool full = false;                 ///< whoever answered has all places of its pool taken
  QueueReport queues;
  std::optional<std::vector<RedisPeer>> peers;
  std::deque<BrokerNews::Sent> sends;         ///< `task-sent` events since the run before
  std::optional<Moment::Steady> heard_since;  ///< since when such events would have been heard
};

class BeatJudge {
 public:
  BeatJudge(std::string task, BeatTicks::Span every, BeatTicks::Span interval);

  ProbeResult judge(const BeatSight& sight, const Moment& now);

 private:
  struct Verdict {
    CheckResult check;
    BeatState state = BeatState::unknown;
    bool waiting = false;
  };

  void watch_connection(const BeatSight& sight, bool tick, Moment::Steady now);
  Verdict verdict(const BeatSight& sight, BeatTicks::State state, Moment::Steady now) const;
  Verdict silent() const;
  Verdict stalled(const BeatSight& sight) const;
  Verdict without_workers(const BeatSight& sight, Moment::Steady now) const;
  Verdict never_seen() const;
  bool sends_stopped(const BeatSight& sight, Moment::Steady now) const;
  std::string silence() const;
  std::optional<Moment::Steady> last_tick() const;
  void report(const Verdict& found, const BeatSight& sight, const Moment& now, ProbeResult& result) const;
  std::string sources() const;

  std::string task_;
  BeatTicks::Span every_;
  BeatTicks ticks_;
  BeatRate rate_;
  BeatSenders senders_;
  BeatConnection connection_;
  std::optional<Moment::Steady> heard_since_;
  Moment::Steady first_run_{};
};

}  // namespace healthd
