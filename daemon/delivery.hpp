// What one receiver is to know, and what it has been told: one row per alert, so the newest state replaces an
// older one that was not sent yet and the queue is bounded by the number of alerts. Pure.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "exporters/alert.hpp"
#include "exporters/notifier.hpp"

namespace healthd {

class DeliveryRows {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// `resend`: how often what was accepted is told again; nullopt: never.
  explicit DeliveryRows(std::optional<std::chrono::milliseconds> resend);

  /// The alert's newest state is what the receiver is to know.
  void desire(Alert alert, Time now);
  /// What is to be sent now, oldest first, at most `limit`; `answered` is to follow.
  std::vector<Alert> due(Time now, std::size_t limit);
  /// When something is due next; nullopt: nothing waits.
  std::optional<Time> next_due() const;
  /// The receiver's answer for what `due` returned. `jitter` in [0,1) spreads retries.
  void answered(const std::vector<Alert>& sent, const Delivery& delivery, Time now, double jitter);

  /// Rows whose newest state has not been accepted yet.
  std::size_t unsent() const;
  /// Unsent rows that another try may help: all but the refused ones.
  std::size_t worth_waiting_for() const;
  /// Makes every unsent row due: the last chance before a stop.
  void hurry(Time now);

 private:
  struct Row {
    Alert alert;
    bool accepted = false;           ///< the newest state was taken
    bool maybe_told_firing = false;  ///< then a resolve is due to it
    bool refused = false;            ///< the receiver will not take this state
    bool on_its_way = false;         ///< sent, not answered yet
    Time next_attempt;
    Time changed_at;
    int attempts = 0;
  };
  bool active(const Row& row) const;
  void forget_settled(Time now);

  std::optional<std::chrono::milliseconds> resend_;
  std::map<std::string, Row> rows_;  ///< by fingerprint
};

}  // namespace healthd
