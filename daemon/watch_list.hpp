// The probes that are being looked at, each in a loop of its own. A new configuration leaves alone what it
// did not change: those probes keep their connections, their schedule and what they remember.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "daemon/assembly.hpp"
#include "daemon/scheduler.hpp"
#include "daemon/task_scope.hpp"

namespace healthd {

class WatchList {
 public:
  /// `sink` hears of every run.
  WatchList(asio::any_io_executor executor, Tools& tools, RunSink sink, TaskScope::Escaped escaped);
  ~WatchList();

  /// Takes the probe out of `built`, for which `stack` seeds the phase. Nothing runs before start().
  void add(const std::string& stack, BuiltProbe& built);
  /// Begins to watch what was added since the last call.
  void start();

  /// Names of probes that are the same in `next`.
  std::set<std::string> unchanged(const std::vector<BuiltProbe>& next) const;
  /// Ends the others, a run that is under way included.
  asio::awaitable<void> keep_only(std::set<std::string> names);
  asio::awaitable<void> stop();

  /// Puts probes to work again whose loop has ended, or hangs, though nobody stopped it: that is a bug of
  /// ours, and must cost one gap, not all that follows. Returns their names. To be called about once a
  /// second.
  std::vector<std::string> sweep(Deadline::Clock::time_point now);

  /// The first whose loop does not go on; nullptr where all do.
  const std::string* stuck(Deadline::Clock::time_point now) const;

  /// Makes the probe look now.
  void nudge(const std::string& name);
  std::size_t size() const { return probes_.size(); }

 private:
  struct Watched;
  void begin(Watched& each);
  asio::awaitable<void> keep_watching(Watched& each);

  asio::any_io_executor executor_;
  Tools& tools_;
  RunSink sink_;
  TaskScope::Escaped escaped_;
  std::vector<std::unique_ptr<Watched>> probes_;
  bool stopping_ = false;
};

}  // namespace healthd
