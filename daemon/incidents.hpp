// Groups alerts into incidents: one for each fault, with what came of it and when. Pure.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporters/incident.hpp"

namespace healthd {

class Incidents {
 public:
  using Time = Incident::Time;
  /// One alert may be the other's cause.
  using Related = std::function<bool(const Alert& one, const Alert& other)>;

  Incidents(std::string stack, Related related);

  /// A change of an alert. Returns the id of the incident that it belongs to; "" for none: what is held back
  /// by no fault of its own kind, and the watchdog.
  std::string on(const Alert& alert, Time now);
  /// Adds a line to the open incident.
  void note(const std::string& id, Time now, std::string text);
  /// False where no open incident has this id.
  bool acknowledge(const std::string& id, const std::string& by, Time now);
  /// Fingerprints of the alerts of an incident that were told and are not over.
  std::vector<std::string> told(const std::string& id) const;

  const Incident* find(const std::string& id) const;
  /// Newest first, at most 200.
  std::vector<Incident> all() const;
  std::vector<Incident> open() const;
  /// The newest hundred, for pages; the same list until something changes.
  std::shared_ptr<const std::vector<Incident>> recent() const;

  /// What changed since the last call, for the state file: id, and nothing where it went.
  std::vector<std::pair<std::string, std::optional<std::string>>> take_changed();
  /// False where `body` is none of ours.
  bool restore(const std::string& body);
  /// Begun since the process started.
  std::uint64_t count() const { return count_; }
  void count_on(std::uint64_t before) { count_ += before; }

 private:
  Incident* owner(const Alert& alert);
  Incident& begin(const Alert& alert, Time now);
  void close_if_over(Incident& incident, Time now);
  void forget_old();
  void touch(const std::string& id, bool kept);

  std::string stack_;
  Related related_;
  std::map<std::string, Incident> incidents_;  ///< by id, which begins with the time
  std::map<std::string, bool> changed_;
  mutable std::shared_ptr<const std::vector<Incident>> recent_;  ///< nullptr: to be made anew
  std::uint64_t count_ = 0;
};

}  // namespace healthd
