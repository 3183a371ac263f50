#include "probes/beat_rate.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace healthd {
namespace {

using namespace std::chrono_literals;

/// Stretches are kept for twice the window: a late look makes the period longer, and the window with it.
constexpr int kept_periods = 8;
/// Looks that come more often than this part of a period share a stretch, so that their number has a bound.
constexpr int stretches_of_a_period = 8;
/// Seven runs in four periods are two Beats, six are not: with room for a period that is not quite `every`.
constexpr double round_up = 0.3;
/// One Beat may send three or five times in four periods, as the window falls: two of them six to ten times.
constexpr double tolerance = 0.28;
constexpr std::size_t most_senders = 32;
constexpr auto one_tick = 1s;

double ratio(BeatRate::Span part, BeatRate::Span whole) {
  return static_cast<double>(part.count()) / static_cast<double>(whole.count());
}

}  // namespace

BeatRate::BeatRate(Span every) : every_{every} {}

void BeatRate::observe(Time now, long long started, bool calm) {
  if (!calm) {
    since_.reset();
    stretches_.clear();
    schedulers_.reset();
    return;
  }
  // What ran since a look that was not calm may be the rest of a backlog, and a long silence may hide one.
  if (!since_ || (!stretches_.empty() && now - last_ > 2 * period())) {
    begin(now);
  } else {
    add(now, std::max(started, 0LL));
    judge(now);
  }
  last_ = now;
}

void BeatRate::begin(Time now) {
  since_ = now;
  stretches_.clear();
  schedulers_.reset();
}

void BeatRate::add(Time now, long long runs) {
  if (!stretches_.empty() && stretches_.back().to - stretches_.back().from < every_ / stretches_of_a_period) {
    stretches_.back().to = now;
    stretches_.back().runs += runs;
  } else {
    stretches_.push_back({last_, now, runs});
  }
  const auto keep = kept_periods * period();
  while (now - stretches_.front().to > keep) stretches_.pop_front();
}

/// No look can tell more than what happened since the one before.
BeatRate::Span BeatRate::period() const {
  auto longest = every_;
  for (const auto& stretch : stretches_) longest = std::max(longest, stretch.to - stretch.from);
  return longest;
}

/// Runs of each period, the latest first. A stretch counts where its middle lies: so a look that comes a
/// little early or late changes nothing.
BeatRate::Counts BeatRate::count(Time now) const {
  Counts counts{};
  const auto span = period();
  for (const auto& stretch : stretches_) {
    const auto middle = stretch.from + (stretch.to - stretch.from) / 2;
    const auto index = static_cast<std::size_t>((now - middle) / span);
    if (index < counts.size()) counts.at(index) += stretch.runs;
  }
  return counts;
}

void BeatRate::judge(Time now) {
  const auto span = period();
  if (now - *since_ < window * span - span / stretches_of_a_period) return;
  const auto counts = count(now);
  const auto runs = std::accumulate(counts.begin(), counts.end(), 0LL);
  if (runs == 0) {
    schedulers_.reset();
    return;
  }
  const double rate = static_cast<double>(runs) * ratio(every_, window * span);
  const auto said = static_cast<double>(schedulers_.value_or(0));
  if (schedulers_ && std::abs(rate - said) <= said * tolerance) return;
  const auto found = std::max(static_cast<long long>(rate + round_up), 1LL);
  const double expected = static_cast<double>(found) * ratio(span, every_);
  const auto even = [&](long long count) {
    return static_cast<double>(count) >= expected / 2 && static_cast<double>(count) <= expected * 3 / 2;
  };
  if (found == 1 || std::all_of(counts.begin(), counts.end(), even)) schedulers_ = found;
}

void BeatSenders::sent(Time now, const std::string& sender) {
  last_ = now;
  const auto known = senders_.find(sender);
  if (known == senders_.end()) {
    if (senders_.size() == most_senders) forget_one();
    senders_[sender].last = now;
    return;
  }
  auto& entry = known->second;
  if (now - entry.last < one_tick) return;
  entry.longest = std::max(entry.longest, now - entry.last);
  entry.before = entry.last;
  entry.last = now;
}

void BeatSenders::forget_one() {
  const auto earlier = [](const auto& a, const auto& b) { return a.second.last < b.second.last; };
  senders_.erase(std::min_element(senders_.begin(), senders_.end(), earlier));
}

/// Two living Beats send in turns. Where their ticks fall together, one may be ahead by two: hence the wait.
bool BeatSenders::replaced(Time now, const Sender& sender) const {
  return std::any_of(senders_.begin(), senders_.end(), [&](const auto& entry) {
    const auto& other = entry.second;
    return other.before && *other.before > sender.last && now - sender.last > other.longest * 3 / 2;
  });
}

std::optional<long long> BeatSenders::schedulers(Time now, Span span) const {
  const auto counts = [&](const auto& entry) {
    const auto& sender = entry.second;
    return sender.before && now - *sender.before <= span && !replaced(now, sender);
  };
  const auto number = std::count_if(senders_.begin(), senders_.end(), counts);
  return number > 0 ? std::optional<long long>{number} : std::nullopt;
}

}  // namespace healthd
