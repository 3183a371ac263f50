#include "daemon/signal_memory.hpp"

#include <algorithm>
#include <cmath>

namespace healthd {
namespace {

/// A window keeps about so many points, however often a probe looks.
constexpr int points = 40;
constexpr std::size_t most_values = 1024;
constexpr std::size_t most_flips = 256;

/// Throws away what lies before the window, but for the last point before it: that is where it begins.
template <typename Points>
void trim(Points& kept, SteadyTime now, Duration over) {
  while (kept.size() > 2 && now - kept[1].at >= over) kept.pop_front();
}

/// The newest point always holds the newest value; the others keep their distance.
template <typename Points>
void thin_out(Points& kept, SteadyTime at, Duration over) {
  if (kept.size() >= 2 && at - kept[kept.size() - 2].at < over / points) kept.pop_back();
}

}  // namespace

void Trend::add(double value, SteadyTime at) {
  constexpr std::chrono::minutes span{15};
  constexpr std::chrono::seconds spacing{15};
  while (!points_.empty() && at - points_.front().at > span) points_.pop_front();
  // The last point is always the newest value; the others keep their distance, so that memory stays bounded.
  if (points_.size() >= 2 && at - points_[points_.size() - 2].at < spacing) points_.pop_back();
  points_.push_back({at, value});
}

bool Trend::falling() const { return points_.size() >= 2 && points_.back().value < points_.front().value; }

void Rise::add(double value, SteadyTime at, Duration over) {
  const double before = points_.empty() ? 0 : points_.back().total;
  const double rose = points_.empty() ? 0 : value >= value_ ? value - value_ : value;
  value_ = value;
  thin_out(points_, at, over);
  points_.push_back({at, before + rose});
  trim(points_, at, over);
}

void Recent::add(double value, SteadyTime at, Duration over) {
  values_.emplace_back(at, value);
  while (values_.size() > most_values || at - values_.front().first > over) values_.pop_front();
}

std::optional<double> Recent::quantile(double share) const {
  // A few runs are no distribution: the slowest of three would be its ninth decile.
  constexpr std::size_t least = 10;
  if (values_.size() < least) return std::nullopt;
  std::vector<double> sorted;
  for (const auto& [at, value] : values_) sorted.push_back(value);
  std::ranges::sort(sorted);
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::min(std::max<std::size_t>(rank, 1), sorted.size()) - 1];
}

void Gained::add(const Histogram& histogram, SteadyTime at, Duration over) {
  thin_out(points_, at, over);
  points_.push_back({at, histogram});
  trim(points_, at, over);
}

std::optional<double> Gained::quantile(double share) const {
  if (points_.size() < 2) return std::nullopt;
  const auto& now = points_.back().histogram;
  const auto& then = points_.front().histogram;
  if (now.bounds.empty() || now.bounds != then.bounds || now.total <= then.total) return std::nullopt;
  const double rank = share * static_cast<double>(now.total - then.total);
  double below = 0;
  for (std::size_t i = 0; i < now.bounds.size(); ++i) {
    const auto upto = static_cast<double>(now.counts[i] - then.counts[i]);
    if (upto >= rank && upto > below) {
      const double from = i == 0 ? 0 : now.bounds[i - 1];
      return from + (now.bounds[i] - from) * (rank - below) / (upto - below);
    }
    below = upto;
  }
  return now.bounds.back();
}

void Flips::add(bool success, SteadyTime at, Duration over) {
  if (last_ && *last_ != success) flips_.push_back(at);
  last_ = success;
  while (!flips_.empty() && (flips_.size() > most_flips || at - flips_.front() > over)) flips_.pop_front();
}

}  // namespace healthd
