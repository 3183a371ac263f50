// What one receiver is to know, and what it has been told: one row per alert, so the newest state replaces an
// older one that was not sent yet and the queue is bounded by the number of alerts. Nothing is sent before
// the wish to send it is on the disk, so a restart finds every promise. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "exporters/alert.hpp"
#include "exporters/notifier.hpp"
#include "probes/moment.hpp"

namespace healthd {

class DeliveryRows {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// `reminder`: how often a firing alert is brought to mind; nullopt: never.
  explicit DeliveryRows(const Manners& manners, std::optional<std::chrono::milliseconds> reminder = {});

  /// The alert's newest state is what the receiver is to know. `note` goes with the message.
  void desire(Alert alert, Moment now, std::string note = "");
  /// Somebody has taken the alert on: no more reminders, and the receiver hears of it if it has a word for
  /// it.
  void acknowledge(const std::string& fingerprint, const std::string& by, Moment now);
  /// What is to be sent now, oldest first; `answered` is to follow.
  std::vector<Message> due(Moment now);
  /// When something is due next; nullopt: nothing waits.
  std::optional<Time> next_due() const;
  /// The receiver's answers for what `due` returned. `jitter` in [0,1) spreads retries.
  void answered(const std::vector<Message>& sent, const std::vector<Delivery>& answers, Moment now,
                double jitter);

  /// What changed since the last call, for the state file: key, and the body or nothing where the row went.
  /// With it a ticket for committed().
  struct Changed {
    std::string fingerprint;
    std::optional<std::string> body;
    std::uint64_t version = 0;
  };
  std::vector<Changed> take_changed();
  /// It is on the disk, or cannot be: what waited for that may be sent.
  void committed(const std::string& fingerprint, std::uint64_t version);
  /// A row of the state file; false where it is none of ours.
  bool restore(const std::string& fingerprint, const std::string& body, Moment now);

  /// Rows whose newest state has not been accepted yet.
  std::size_t unsent() const;
  /// Since when the oldest of those waits.
  std::optional<Time> oldest_unsent() const;
  /// Unsent firing alerts that wait since before `then`.
  std::vector<Alert> unsent_since(Time then) const;
  /// Alerts whose newest state is firing.
  std::vector<Alert> firing() const;
  /// The receiver knows of the alert, or is to know.
  bool knows(const std::string& fingerprint) const { return rows_.contains(fingerprint); }
  /// Unsent rows that another try may help: all but the refused ones.
  std::size_t worth_waiting_for() const;
  /// Makes every unsent row due, and what is told again is told once more: the last chance before a stop.
  void say_farewell(Time now);
  /// Alerts that came and went untold.
  std::uint64_t collapsed() const { return collapsed_; }

 private:
  struct Row {
    Alert alert;
    Message::Kind kind = Message::Kind::state;
    bool accepted = false;           ///< the newest state was taken
    bool maybe_told_firing = false;  ///< then a resolve is due to it
    bool refused = false;            ///< the receiver will not take this state
    bool on_its_way = false;         ///< sent, not answered yet
    bool farewell = false;           ///< to be told before we stop
    bool on_disk = false;            ///< the wish to send this state is
    std::string acknowledged_by;     ///< "" for nobody
    bool tell_acknowledged = false;
    std::string note, receipt;
    Time next_attempt, changed_at, told_at;
    Alert::Time wanted_at;  ///< when the newest state came up
    int attempts = 0;
    std::uint64_t version = 0;
  };
  using Rows = std::map<std::string, Row>;  ///< by fingerprint

  bool active(const Row& row) const;
  bool reminds(const Row& row) const;
  Time due_at(const Row& row) const;
  Message message(const Row& row, Moment now) const;
  void answer(Row& row, const Message& sent, const Delivery& delivery, Moment now, double jitter);
  void retry_later(Row& row, const Delivery& delivery, Time now, double jitter) const;
  void touch(const std::string& fingerprint);
  void drop(Rows::iterator row);
  void forget_settled(Time now);

  Manners manners_;
  std::optional<std::chrono::milliseconds> reminder_;
  Rows rows_;
  std::set<std::string> changed_;
  std::uint64_t versions_ = 0;
  std::uint64_t collapsed_ = 0;
};

}  // namespace healthd
