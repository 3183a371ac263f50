// How many Beats send: two of them send everything twice. Pure: the time is an argument.
#pragma once

#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>

namespace healthd {

/// From the rate of the periodic task. A backlog that is worked off is no second Beat, so only calm periods
/// count.
class BeatRate {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Span = std::chrono::steady_clock::duration;

  explicit BeatRate(Span every);

  /// `started`: runs of the task since the last call, over all workers. `calm`: the queue was empty, and
  /// nobody was missing. What is not calm begins anew.
  void observe(Time now, long long started, bool calm);

  /// 1 or more; nullopt until four calm periods have been seen in a row, and where nothing ran in them. Two
  /// where the last four periods hold seven runs or more, each at least one and at most three (more is a
  /// burst); in general the rounded rate. What was said stands while the rate is within a quarter of it,
  /// and through a burst. Where looks are rarer than `every`, the time between two of them is the period.
  std::optional<long long> schedulers() const { return schedulers_; }

 private:
  /// What happened between two looks, or a few of them where they are frequent.
  struct Stretch {
    Time from;
    Time to;
    long long runs = 0;
  };
  static constexpr std::size_t window = 4;  ///< in periods
  using Counts = std::array<long long, window>;

  void begin(Time now);
  void add(Time now, long long runs);
  Span period() const;
  Counts count(Time now) const;
  void judge(Time now);

  Span every_;
  std::optional<Time> since_;  ///< when the calm began
  Time last_;                  ///< the look before
  std::deque<Stretch> stretches_;
  std::optional<long long> schedulers_;
};

/// From the senders of `task-sent` events.
class BeatSenders {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Span = std::chrono::steady_clock::duration;

  /// What one sends within a second is one tick. At most 32 senders are remembered, those that sent last.
  void sent(Time now, const std::string& sender);
  /// Distinct senders of the last `span` that sent at least twice; nullopt where none did. A restart leaves
  /// the name of the old process behind: a sender no longer counts once another one has sent twice since it
  /// did, and it has been silent for one and a half of the longest gap between ticks of that one.
  std::optional<long long> schedulers(Time now, Span span) const;
  std::optional<Time> last() const { return last_; }

 private:
  struct Sender {
    Time last;
    std::optional<Time> before;  ///< the tick before the last one
    Span longest{};              ///< gap between two ticks
  };

  bool replaced(Time now, const Sender& sender) const;
  void forget_one();

  std::map<std::string, Sender> senders_;
  std::optional<Time> last_;
};

}  // namespace healthd
