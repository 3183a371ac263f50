// The statistics over the runs of a probe: which are due, what each last told, and how they fare.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "probes/postgres_pack.hpp"

namespace healthd {

class PgSchedule {
 public:
  using Clock = std::chrono::steady_clock;

  /// Without the collectors named in `off`.
  explicit PgSchedule(const std::set<std::string>& off = {});

  /// Another server, or the same one in another role: what was kept holds no longer, and all is due.
  void forget();

  struct Question {
    std::size_t index = 0;
    std::string_view sql;
  };
  /// Begins a round: what it must tell anew is dropped, and the questions that are due come in order. Of the
  /// slow ones (every 5 min and less often) never more than one for each 15 s since the last round.
  std::vector<Question> begin(Clock::time_point now, int major, bool may_monitor);

  /// Whether the question should be asked with so much time left. A failed one is always worth a try, and one
  /// that is left out seems half as long the next time, so that none is left out for ever.
  bool fits(std::size_t index, Clock::duration left);
  /// When a question was asked and answered.
  struct Moment {
    Clock::time_point begun;
    Clock::time_point now;
    double unix_time = 0;
  };
  /// One that failed has no samples any more; a slow one is tried again within a minute.
  void take(std::size_t index, const Result<PgRows>& answer, Moment moment);

  /// What the last attempt at each one came to: nothing, or the first failure, by name.
  Failure failure() const;
  /// What was read, and how each collector fares. Without an answer in this run (`current` false), or for one
  /// that was due and not asked, only when it was last read.
  std::vector<Sample> samples(bool current = true) const;

 private:
  struct Entry {
    const PgCollector* collector;
    std::vector<Sample> samples = {};
    Failure failure = {};
    std::optional<Clock::time_point> last_read = {};
    std::optional<Clock::time_point> last_try = {};
    std::optional<Clock::duration> took = {};
    bool unasked = false;                     ///< it is due, and no answer has come since
    std::optional<double> last_success = {};  ///< seconds since 1970
  };
  bool is_due(const Entry& entry, Clock::time_point now) const;

  std::vector<Entry> entries_;
  std::optional<Clock::time_point> last_round_;
};

}  // namespace healthd
