#include "daemon/delivery.hpp"

#include <algorithm>
#include <cmath>

#include "config/clock.hpp"
#include "config/duration.hpp"
#include "daemon/delivery_text.hpp"

namespace healthd {
namespace {

using Kind = Message::Kind;

constexpr std::chrono::minutes resolved_retold_for{15};
constexpr std::chrono::minutes parked{15};
constexpr std::chrono::milliseconds first_retry{1'000};
constexpr std::chrono::milliseconds longest_retry{300'000};
/// What comes later than this says so.
constexpr std::chrono::seconds worth_a_word{60};

std::string joined(const std::string& one, const std::string& other) {
  return one.empty() || other.empty() ? one + other : one + " " + other;
}

}  // namespace

DeliveryRows::DeliveryRows(const Manners& manners, std::optional<std::chrono::milliseconds> reminder)
    : manners_{manners}, reminder_{reminder} {
  if (reminder_ && reminder_->count() == 0) reminder_.reset();
}

void DeliveryRows::touch(const std::string& fingerprint) {
  changed_.insert(fingerprint);
  if (const auto row = rows_.find(fingerprint); row != rows_.end()) row->second.version = ++versions_;
}

void DeliveryRows::drop(Rows::iterator row) {
  changed_.insert(row->first);
  rows_.erase(row);
}

void DeliveryRows::desire(Alert alert, Moment now, std::string note) {
  forget_settled(now.steady);
  const auto key = fingerprint(alert.labels);
  const auto known = rows_.find(key);
  const bool resolved = alert.state == AlertState::resolved;
  // What it was never to know, it need not forget; but our memory may be younger than its own.
  if (known == rows_.end() && resolved && note.empty()) return;
  const bool untold = known != rows_.end() && !known->second.maybe_told_firing && !known->second.on_its_way;
  const bool missed = resolved && untold && known->second.alert.state == AlertState::firing;
  if (missed && !manners_.tells_missed) {
    ++collapsed_;
    drop(known);
    return;
  }
  auto& row = rows_[key];
  row.kind = missed ? Kind::missed : Kind::state;
  if (!resolved) row.acknowledged_by.clear();
  row.alert = std::move(alert);
  row.note = std::move(note);
  row.accepted = row.refused = row.on_disk = row.tell_acknowledged = false;
  row.attempts = 0;
  row.next_attempt = row.changed_at = now.steady;
  row.wanted_at = now.wall;
  touch(key);
}

void DeliveryRows::acknowledge(const std::string& fingerprint, const std::string& by, Moment now) {
  const auto known = rows_.find(fingerprint);
  if (known == rows_.end() || known->second.alert.state != AlertState::firing) return;
  auto& row = known->second;
  row.acknowledged_by = by;
  row.tell_acknowledged = manners_.acknowledges;
  if (row.accepted) row.next_attempt = std::min(row.next_attempt, now.steady);
  touch(fingerprint);
}

bool DeliveryRows::reminds(const Row& row) const {
  return reminder_ && row.accepted && row.alert.state == AlertState::firing && row.acknowledged_by.empty();
}

/// Whether the row will be sent (again) by itself.
bool DeliveryRows::active(const Row& row) const {
  if (row.on_its_way || !row.on_disk) return false;
  return !row.accepted || manners_.resend.has_value() || row.tell_acknowledged || reminds(row);
}

DeliveryRows::Time DeliveryRows::due_at(const Row& row) const {
  if (!row.accepted || manners_.resend || row.tell_acknowledged) return row.next_attempt;
  return std::max(row.told_at + *reminder_, row.next_attempt);
}

Message DeliveryRows::message(const Row& row, Moment now) const {
  Message made{row.alert, row.kind, row.note, row.receipt, row.farewell};
  if (row.accepted && row.tell_acknowledged) {
    made.kind = Kind::acknowledged;
    made.note = joined(made.note, "Acknowledged by " + row.acknowledged_by + ".");
  } else if (row.accepted && !manners_.resend && reminds(row)) {
    made.kind = Kind::reminder;
  } else if (!row.accepted && now.wall - row.wanted_at > worth_a_word) {
    const auto late = std::chrono::floor<std::chrono::seconds>(now.wall - row.wanted_at);
    made.note = joined(made.note, "Delayed by " + format_duration(late) + ": this was to be told at " +
                                      rfc3339(row.wanted_at) + ".");
  }
  return made;
}

std::vector<Message> DeliveryRows::due(Moment now) {
  std::vector<Row*> ready;
  for (auto& [key, row] : rows_)
    if (active(row) && due_at(row) <= now.steady) ready.push_back(&row);
  std::ranges::sort(ready, {}, [](const Row* row) { return row->changed_at; });
  std::vector<Message> messages;
  for (auto* row : ready) {
    if (messages.size() == manners_.most_messages) break;
    messages.push_back(message(*row, now));
    row->on_its_way = true;
  }
  return messages;
}

std::optional<DeliveryRows::Time> DeliveryRows::next_due() const {
  std::optional<Time> soonest;
  for (const auto& [key, row] : rows_)
    if (active(row) && (!soonest || due_at(row) < *soonest)) soonest = due_at(row);
  return soonest;
}

void DeliveryRows::answered(const std::vector<Message>& sent, const std::vector<Delivery>& answers,
                            Moment now, double jitter) {
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const auto key = fingerprint(sent[i].alert.labels);
    const auto known = rows_.find(key);
    if (known == rows_.end()) continue;
    auto& row = known->second;
    row.on_its_way = false;
    answer(row, sent[i], answers.at(i), now, jitter);
    // It came and went while it was on its way, and never arrived.
    const bool untold = row.alert.state == AlertState::resolved && !row.maybe_told_firing && row.note.empty();
    if (untold && row.kind == Kind::state) {
      if (!manners_.tells_missed) {
        ++collapsed_;
        drop(known);
        continue;
      }
      row.kind = Kind::missed;
    }
    touch(key);
  }
  forget_settled(now.steady);
}

void DeliveryRows::answer(Row& row, const Message& sent, const Delivery& delivery, Moment now,
                          double jitter) {
  const bool told = delivery.kind == Delivery::Kind::sent || delivery.may_have_arrived;
  if (told && sent.alert.state == AlertState::firing) row.maybe_told_firing = true;
  if (!delivery.receipt.empty()) row.receipt = delivery.receipt;
  // The state may have changed while the message was on its way: the newer one is still to be sent.
  if (row.alert.state != sent.alert.state || row.alert.sequence != sent.alert.sequence) return;
  if (sent.kind == Kind::acknowledged && delivery.kind != Delivery::Kind::retry)
    row.tell_acknowledged = false;
  ++row.attempts;
  switch (delivery.kind) {
    case Delivery::Kind::sent:
      row.accepted = true;
      row.refused = false;
      row.farewell = row.farewell && !sent.farewell;
      row.attempts = 0;
      row.told_at = now.steady;
      row.next_attempt = now.steady + manners_.resend.value_or(std::chrono::milliseconds{0});
      return;
    case Delivery::Kind::rejected:
      row.refused = true;
      // Where alerts are told again, others of the same message were taken and must not be forgotten.
      row.next_attempt = now.steady + manners_.resend.value_or(parked);
      return;
    case Delivery::Kind::retry:
      retry_later(row, delivery, now.steady, jitter);
      return;
  }
}

void DeliveryRows::retry_later(Row& row, const Delivery& delivery, Time now, double jitter) const {
  const auto grown = first_retry * std::exp2(std::min(row.attempts - 1, 20));
  const auto wait =
      std::min<std::chrono::duration<double, std::milli>>(grown, longest_retry) * (0.5 + jitter / 2);
  row.next_attempt = now + std::chrono::duration_cast<std::chrono::milliseconds>(wait);
  // What is told again anyway must not be told more rarely because it failed.
  if (manners_.resend) row.next_attempt = std::min(row.next_attempt, now + *manners_.resend);
  if (delivery.retry_after) row.next_attempt = now + *delivery.retry_after;
}

void DeliveryRows::forget_settled(Time now) {
  for (auto row = rows_.begin(); row != rows_.end();) {
    const auto current = row++;
    const Row& each = current->second;
    const bool over = each.alert.state == AlertState::resolved && each.accepted && !each.on_its_way;
    if (over && (!manners_.resend || now - each.changed_at > resolved_retold_for)) drop(current);
  }
}

std::vector<DeliveryRows::Changed> DeliveryRows::take_changed() {
  std::vector<Changed> all;
  for (const auto& key : changed_) {
    const auto known = rows_.find(key);
    if (known == rows_.end()) {
      all.push_back({key, std::nullopt, 0});
      continue;
    }
    const auto& row = known->second;
    all.push_back({key,
                   to_text(DeliveryMemory{row.alert, row.kind, row.accepted, row.maybe_told_firing,
                                          row.tell_acknowledged, row.acknowledged_by, row.note, row.receipt,
                                          row.wanted_at}),
                   row.version});
  }
  changed_.clear();
  return all;
}

void DeliveryRows::committed(const std::string& fingerprint, std::uint64_t version) {
  const auto known = rows_.find(fingerprint);
  if (known != rows_.end() && known->second.version == version) known->second.on_disk = true;
}

bool DeliveryRows::restore(const std::string& fingerprint_, const std::string& body, Moment now) {
  auto memory = delivery_memory(body);
  if (!memory || fingerprint(memory->alert.labels) != fingerprint_) return false;
  auto& row = rows_[fingerprint_];
  row.alert = std::move(memory->alert);
  row.kind = memory->kind;
  row.accepted = memory->accepted;
  // A message may have been on its way when the process ended.
  row.maybe_told_firing = memory->told_firing || row.alert.state == AlertState::firing;
  row.tell_acknowledged = memory->tell_acknowledged;
  row.acknowledged_by = std::move(memory->acknowledged_by);
  row.note = std::move(memory->note);
  row.receipt = std::move(memory->receipt);
  row.wanted_at = memory->wanted_at;
  row.on_disk = true;
  row.next_attempt = row.told_at = now.steady;
  row.changed_at = now.steady - std::max(now.wall - row.wanted_at, Alert::Time::duration{0});
  row.version = ++versions_;
  return true;
}

std::size_t DeliveryRows::unsent() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(rows_, [](const auto& entry) { return !entry.second.accepted; }));
}

std::optional<DeliveryRows::Time> DeliveryRows::oldest_unsent() const {
  std::optional<Time> oldest;
  for (const auto& [key, row] : rows_)
    if (!row.accepted && (!oldest || row.changed_at < *oldest)) oldest = row.changed_at;
  return oldest;
}

std::vector<Alert> DeliveryRows::unsent_since(Time then) const {
  std::vector<Alert> alerts;
  for (const auto& [key, row] : rows_)
    if (!row.accepted && row.changed_at <= then && row.alert.state == AlertState::firing)
      alerts.push_back(row.alert);
  return alerts;
}

std::vector<Alert> DeliveryRows::firing() const {
  std::vector<Alert> alerts;
  for (const auto& [key, row] : rows_)
    if (row.alert.state == AlertState::firing) alerts.push_back(row.alert);
  return alerts;
}

std::size_t DeliveryRows::worth_waiting_for() const {
  const auto worth = [](const auto& entry) {
    const Row& row = entry.second;
    return !row.refused && (!row.accepted || row.farewell);
  };
  return static_cast<std::size_t>(std::ranges::count_if(rows_, worth));
}

void DeliveryRows::say_farewell(Time now) {
  for (auto& [key, row] : rows_) {
    if (!row.accepted) row.next_attempt = now;
    if (!manners_.resend || row.alert.state != AlertState::firing) continue;
    row.farewell = true;
    row.next_attempt = now;
  }
}

}  // namespace healthd
