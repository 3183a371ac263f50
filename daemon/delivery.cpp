#include "daemon/delivery.hpp"

#include <algorithm>
#include <cmath>

namespace healthd {
namespace {

constexpr std::chrono::minutes resolved_retold_for{15};
constexpr std::chrono::minutes parked{15};
constexpr std::chrono::milliseconds first_retry{1'000};
constexpr std::chrono::milliseconds longest_retry{300'000};

}  // namespace

DeliveryRows::DeliveryRows(std::optional<std::chrono::milliseconds> resend) : resend_{resend} {}

void DeliveryRows::desire(Alert alert, Time now) {
  forget_settled(now);
  const auto key = fingerprint(alert.labels);
  const auto known = rows_.find(key);
  const bool resolved = alert.state == AlertState::resolved;
  if (known == rows_.end() && resolved) return;  // it was never to know
  if (known != rows_.end() && resolved && !known->second.maybe_told_firing && !known->second.on_its_way) {
    rows_.erase(known);  // came and went while the receiver was away
    return;
  }
  auto& row = rows_[key];
  row.alert = std::move(alert);
  row.accepted = false;
  row.refused = false;
  row.attempts = 0;
  row.next_attempt = now;
  row.changed_at = now;
}

/// Whether the row will be sent (again) by itself.
bool DeliveryRows::active(const Row& row) const { return !row.accepted || resend_.has_value(); }

std::vector<Alert> DeliveryRows::due(Time now, std::size_t limit) {
  std::vector<Row*> ready;
  for (auto& [key, row] : rows_)
    if (active(row) && row.next_attempt <= now) ready.push_back(&row);
  std::ranges::sort(ready, {}, [](const Row* row) { return row->changed_at; });
  std::vector<Alert> alerts;
  for (auto* row : ready) {
    if (alerts.size() == limit) break;
    row->on_its_way = true;
    alerts.push_back(row->alert);
  }
  return alerts;
}

std::optional<DeliveryRows::Time> DeliveryRows::next_due() const {
  std::optional<Time> soonest;
  for (const auto& [key, row] : rows_)
    if (active(row) && (!soonest || row.next_attempt < *soonest)) soonest = row.next_attempt;
  return soonest;
}

void DeliveryRows::answered(const std::vector<Alert>& sent, const Delivery& delivery, Time now,
                            double jitter) {
  for (const auto& alert : sent) {
    const auto known = rows_.find(fingerprint(alert.labels));
    if (known == rows_.end()) continue;
    auto& row = known->second;
    row.on_its_way = false;
    const bool told = delivery.kind == Delivery::Kind::sent || delivery.may_have_arrived;
    if (told && alert.state == AlertState::firing) row.maybe_told_firing = true;
    // The state may have changed while the message was on its way: the newer one is still to be sent.
    if (row.alert.state != alert.state || row.alert.sequence != alert.sequence) {
      if (row.alert.state == AlertState::resolved && !row.maybe_told_firing) rows_.erase(known);
      continue;
    }
    ++row.attempts;
    switch (delivery.kind) {
      case Delivery::Kind::sent:
        row.accepted = true;
        row.attempts = 0;
        row.next_attempt = now + resend_.value_or(std::chrono::milliseconds{0});
        break;
      case Delivery::Kind::rejected:
        row.refused = true;
        // Where alerts are told again, others of the same message were taken and must not be forgotten.
        row.next_attempt = now + (resend_ ? *resend_ : std::chrono::milliseconds{parked});
        break;
      case Delivery::Kind::retry: {
        const auto grown = first_retry * std::exp2(std::min(row.attempts - 1, 20));
        const auto wait =
            std::min<std::chrono::duration<double, std::milli>>(grown, longest_retry) * (0.5 + jitter / 2);
        row.next_attempt = now + std::chrono::duration_cast<std::chrono::milliseconds>(wait);
        if (delivery.retry_after) row.next_attempt = now + *delivery.retry_after;
        // What is told again anyway must not be told more rarely because it failed.
        if (resend_) row.next_attempt = std::min(row.next_attempt, now + *resend_);
        break;
      }
    }
  }
  forget_settled(now);
}

void DeliveryRows::forget_settled(Time now) {
  std::erase_if(rows_, [&](const auto& entry) {
    const Row& row = entry.second;
    if (row.alert.state != AlertState::resolved || !row.accepted) return false;
    return !resend_ || now - row.changed_at > resolved_retold_for;
  });
}

std::size_t DeliveryRows::unsent() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(rows_, [](const auto& entry) { return !entry.second.accepted; }));
}

std::size_t DeliveryRows::worth_waiting_for() const {
  const auto worth = [](const auto& entry) { return !entry.second.accepted && !entry.second.refused; };
  return static_cast<std::size_t>(std::ranges::count_if(rows_, worth));
}

void DeliveryRows::hurry(Time now) {
  for (auto& [key, row] : rows_)
    if (!row.accepted) row.next_attempt = now;
}

}  // namespace healthd
