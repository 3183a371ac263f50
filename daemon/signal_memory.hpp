// What a rule remembers of a probe between two results: how counters rose, how long runs took, how often a
// probe changed its mind. Bounded in time and number. Pure.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/duration.hpp"
#include "probes/histogram.hpp"

namespace healthd {

using SteadyTime = std::chrono::steady_clock::time_point;

/// Values of one gauge over the last quarter of an hour, to tell a queue that drains from one that stands.
class Trend {
 public:
  void add(double value, SteadyTime at);
  /// Lower now than at the beginning of the time it remembers.
  bool falling() const;

 private:
  struct Point {
    SteadyTime at;
    double value;
  };
  std::deque<Point> points_;
};

/// How much a counter rose in the last `over`. A counter that fell began anew. What rose before we first
/// looked is not known, and not told.
class Rise {
 public:
  void add(double value, SteadyTime at, Duration over);
  /// Since `over` ago, or since we first looked.
  double over() const { return points_.empty() ? 0 : points_.back().total - points_.front().total; }
  SteadyTime last() const { return points_.empty() ? SteadyTime{} : points_.back().at; }
  /// What is known does not reach back to a first value yet.
  bool young() const { return points_.size() < 2; }

 private:
  struct Point {
    SteadyTime at;
    double total;
  };
  std::deque<Point> points_;
  double value_ = 0;
};

/// Values of the last `over`, to take a quantile of.
class Recent {
 public:
  void add(double value, SteadyTime at, Duration over);
  std::optional<double> quantile(double share) const;

 private:
  std::deque<std::pair<SteadyTime, double>> values_;
};

/// What a histogram gained in the last `over`.
class Gained {
 public:
  void add(const Histogram& histogram, SteadyTime at, Duration over);
  /// As Prometheus interpolates it; the highest bound where it lies above all. nullopt: nothing was gained.
  std::optional<double> quantile(double share) const;

 private:
  struct Point {
    SteadyTime at;
    Histogram histogram;
  };
  std::deque<Point> points_;
};

/// Changes between success and failure in the last `over`.
class Flips {
 public:
  void add(bool success, SteadyTime at, Duration over);
  std::size_t count() const { return flips_.size(); }

 private:
  std::optional<bool> last_;
  std::deque<SteadyTime> flips_;
};

struct SignalMemory {
  std::map<std::string, Trend> trends;  ///< of `unless_falling`, by the value of the rule's label
  std::map<std::string, Rise> rises;    ///< by metric and labels
  Recent durations;
  Gained gained;
  Flips flips;
};

}  // namespace healthd
