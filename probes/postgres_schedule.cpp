#include "probes/postgres_schedule.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace healthd {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds slow = 300s;
constexpr std::chrono::seconds pace_of_slow = 15s;
constexpr std::chrono::seconds most_until_retry = 60s;

bool is_slow(const PgCollector& collector) { return collector.every >= slow; }

}  // namespace

PgSchedule::PgSchedule(const std::set<std::string>& off) {
  for (const auto& collector : pg_pack())
    if (!off.contains(std::string{collector.name})) entries_.push_back({&collector});
}

void PgSchedule::forget() {
  for (auto& entry : entries_) {
    entry.samples.clear();
    entry.failure = {};
    entry.last_read.reset();
    entry.last_try.reset();
    entry.took.reset();
    entry.unasked = false;
  }
}

bool PgSchedule::is_due(const Entry& entry, Clock::time_point now) const {
  if (!entry.last_try) return true;
  const auto every = entry.collector->every;
  const Clock::duration pause = entry.failure ? std::min(every, most_until_retry) : every;
  return now - *entry.last_try >= pause - pause / 10;  // a run that begins a moment early is on time
}

std::vector<PgSchedule::Question> PgSchedule::begin(Clock::time_point now, int major, bool may_monitor) {
  std::vector<Question> questions, slow_ones;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    auto& entry = entries_[i];
    const auto& collector = *entry.collector;
    const auto sql = pg_statement(collector, major);
    const bool possible = !sql.empty() && (may_monitor || !collector.needs_monitor);
    const bool expired = entry.last_read && now - *entry.last_read > 2 * collector.every;
    if (collector.every == 0s || expired || !possible) entry.samples.clear();
    if (!possible) {
      entry.failure = {};
      entry.took.reset();
      entry.unasked = false;
    } else if (is_due(entry, now)) {
      (is_slow(collector) ? slow_ones : questions).push_back({i, sql});
    }
  }
  // Those that were never read come first, then the one that has waited longest.
  std::ranges::sort(slow_ones, {}, [&](const Question& question) {
    return std::pair{entries_[question.index].last_try.value_or(Clock::time_point::min()), question.index};
  });
  const auto since = last_round_ ? now - *last_round_ : Clock::duration::zero();
  const auto most = std::max<std::size_t>(1, static_cast<std::size_t>(since / pace_of_slow));
  slow_ones.resize(std::min(slow_ones.size(), most));
  std::ranges::move(slow_ones, std::back_inserter(questions));
  for (const auto& question : questions) entries_[question.index].unasked = true;
  last_round_ = now;
  return questions;
}

bool PgSchedule::fits(std::size_t index, Clock::duration left) {
  auto& entry = entries_[index];
  if (entry.failure || !entry.took || *entry.took <= left) return true;
  *entry.took /= 2;
  return false;
}

void PgSchedule::take(std::size_t index, const Result<PgRows>& answer, Moment moment) {
  auto& entry = entries_[index];
  entry.last_try = moment.begun;
  entry.took = moment.now - moment.begun;
  entry.unasked = false;
  auto samples = answer ? entry.collector->read(*answer) : std::nullopt;
  entry.failure = answer ? Failure{} : answer.error();
  if (answer && !samples) entry.failure = {Reason::protocol, "the answer reads like nothing known"};
  const auto& right = entry.collector->right;
  if (samples && samples->empty() && !right.empty())
    entry.failure = {Reason::permission, "the role lacks " + std::string{right}};
  entry.samples = std::move(samples).value_or(std::vector<Sample>{});
  if (entry.failure) return;
  entry.last_read = moment.begun;
  entry.last_success = moment.unix_time;
}

Failure PgSchedule::failure() const {
  const auto found = std::ranges::find_if(entries_, [](const Entry& one) { return bool{one.failure}; });
  if (found == entries_.end()) return {};
  const auto others =
      std::count_if(std::next(found), entries_.end(), [](const Entry& one) { return bool{one.failure}; });
  auto detail = "collector " + std::string{found->collector->name} + ": " + found->failure.detail;
  if (others > 0) detail += "; and " + std::to_string(others) + " more";
  return {found->failure.reason, std::move(detail)};
}

std::vector<Sample> PgSchedule::samples(bool current) const {
  std::vector<Sample> all;
  for (const auto& entry : entries_) {
    if (current) std::ranges::copy(entry.samples, std::back_inserter(all));
    const Labels labels{{"collector", std::string{entry.collector->name}}};
    if (entry.last_success)
      all.push_back({"healthd_collector_last_success_timestamp_seconds", *entry.last_success, labels});
    if (!current || !entry.took || entry.unasked) continue;
    all.push_back({"healthd_collector_success", entry.failure ? 0.0 : 1.0, labels});
    all.push_back(
        {"healthd_collector_duration_seconds", std::chrono::duration<double>(*entry.took).count(), labels});
  }
  return all;
}

}  // namespace healthd
