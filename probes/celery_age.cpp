#include "probes/celery_age.hpp"

#include <algorithm>
#include <functional>

namespace healthd {
namespace {

constexpr long long longest_list = 50'000;
constexpr std::size_t largest_message = 65'536;
constexpr std::size_t most_markers = 64;
constexpr std::size_t most_bytes = 131'072;

double seconds(std::chrono::steady_clock::duration span) {
  return std::max(std::chrono::duration<double>{span}.count(), 0.0);
}

}  // namespace

void QueueAge::empty(Time now) {
  now_ = now;
  markers_.clear();
  unknown_ = 0;
  searching_ = false;
  gone_ = now;
  oldest_.reset();
}

void QueueAge::look(Time now, long long length, std::string_view newest, std::string_view oldest) {
  // Without a newest message it ran empty since its length was read.
  if (length <= 0 || newest.empty()) return empty(now);
  now_ = now;
  watch(oldest);
  unknown_ = mark(newest);
  // While the oldest message stays, nothing newer is taken.
  const auto stays = [this](const Marker& marker) { return oldest_ && marker.last >= oldest_->since; };
  const auto safe = std::ranges::find_if(markers_, stays);
  unknown_ = std::min(unknown_, static_cast<std::size_t>(safe - markers_.begin()));
  searching_ = length <= longest_list;
}

void QueueAge::watch(std::string_view oldest) {
  const auto digest = std::hash<std::string_view>{}(oldest);
  if (oldest.empty()) return oldest_.reset();
  if (!oldest_ || oldest_->digest != digest) oldest_ = {digest, now_};
}

/// Remembers the newest message. Returns its place, or the number of markers where it is too large for one.
std::size_t QueueAge::mark(std::string_view newest) {
  if (newest.size() > largest_message) return markers_.size();
  const auto known = std::ranges::find(markers_, newest, &Marker::message);
  if (known == markers_.end()) {
    make_room(newest.size());
    markers_.push_back({now_, now_, std::string{newest}});
    return markers_.size() - 1;
  }
  // The newest one still, or again: what came after it was withdrawn, which tells nothing of others.
  markers_.erase(known + 1, markers_.end());
  markers_.back().last = now_;
  return markers_.size() - 1;
}

/// Fewer markers make the bounds coarser, never wrong. The first one stays: it is the bound that counts. Of
/// the others the one goes whose neighbours are closest, so that those that are left lie evenly.
void QueueAge::make_room(std::size_t bytes) {
  for (const auto& marker : markers_) bytes += marker.message.size();
  while (markers_.size() > 1 && (markers_.size() >= most_markers || bytes > most_bytes)) {
    std::size_t least = 1;
    for (std::size_t i = 2; i < markers_.size(); ++i)
      if (around(i) < around(least)) least = i;
    bytes -= markers_[least].message.size();
    markers_.erase(markers_.begin() + static_cast<std::ptrdiff_t>(least));
  }
}

/// How far the neighbours of a marker lie apart; the last one's is about to come.
QueueAge::Time::duration QueueAge::around(std::size_t marker) const {
  const auto next = marker + 1 < markers_.size() ? markers_[marker + 1].first : now_;
  return next - markers_[marker - 1].last;
}

std::optional<std::string> QueueAge::question() const {
  if (!searching_ || unknown_ == 0) return std::nullopt;
  return markers_[unknown_ / 2].message;
}

void QueueAge::answer(bool present) {
  if (!searching_ || unknown_ == 0) return;
  const auto asked = unknown_ / 2;
  if (present) {
    unknown_ = asked;
    return;
  }
  gone_ = markers_[asked].last;
  markers_.erase(markers_.begin(), markers_.begin() + static_cast<std::ptrdiff_t>(asked) + 1);
  unknown_ -= asked + 1;
}

void QueueAge::give_up() { searching_ = false; }

void QueueAge::forget(std::string_view message) {
  const auto found = std::ranges::find(markers_, message, &Marker::message);
  if (found == markers_.end()) return;
  if (static_cast<std::size_t>(found - markers_.begin()) < unknown_) --unknown_;
  markers_.erase(found);
}

AgeBracket QueueAge::bracket() const {
  AgeBracket ages;
  if (oldest_) ages.lower = seconds(now_ - oldest_->since);
  if (unknown_ < markers_.size()) ages.lower = std::max(ages.lower, seconds(now_ - markers_[unknown_].first));
  if (gone_) ages.upper = seconds(now_ - *gone_);
  return ages;
}

}  // namespace healthd
