// What people decide about alerts: silences, acknowledgements, maintenance. They hold back the beginning of
// an alert, never its end; checks and metrics go on. Pure: the time is handed in.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.hpp"

namespace re2 {
class RE2;
}

namespace healthd {

using LabelMap = std::map<std::string, std::string>;

struct Silence {
  using Time = std::chrono::system_clock::time_point;
  std::string id;
  LabelMap matchers;  ///< all must hold; a value that begins with `~` is a regular expression for the whole
  Time starts_at, ends_at;
  std::string author, comment;
};

/// By hand; those of the configuration come by themselves.
struct Maintenance {
  using Time = std::chrono::system_clock::time_point;
  std::string id;
  Time starts_at, ends_at;
  std::string author, reason;
  std::vector<std::string> components;  ///< empty: all
};

class Levers {
 public:
  using Time = std::chrono::system_clock::time_point;
  /// The id, or a sentence that says what is wrong.
  struct Answer {
    std::string id, error;
    bool ok() const { return error.empty(); }
  };

  explicit Levers(std::vector<MaintenanceConfig> windows = {});

  /// What holds an alert with these labels back, in words; "" for nothing.
  std::string holds(const LabelMap& labels, Time now) const;

  Answer add_silence(LabelMap matchers, std::chrono::seconds span, std::string author, std::string comment,
                     Time now);
  Answer expire_silence(const std::string& id);
  Answer start_maintenance(std::chrono::seconds span, std::string reason, std::string author,
                           std::vector<std::string> components, Time now);
  /// "" ends the only one.
  Answer end_maintenance(const std::string& id);

  std::vector<Silence> silences() const;
  std::vector<Maintenance> maintenances() const;
  /// Of the configuration, by name, those that are on.
  std::vector<std::string> open_windows(Time now) const;
  /// The same, as if somebody had started them by hand.
  std::vector<Maintenance> windows_on(Time now) const;

  /// What has just ended, in words. To be called about once a second.
  std::vector<std::string> on(Time now);

  /// What changed since the last call: id, and nothing where it went.
  std::vector<std::pair<std::string, std::optional<std::string>>> take_changed();
  /// False where `body` is none of ours.
  bool restore(const std::string& body);

 private:
  std::optional<Time> window_began(const MaintenanceConfig& window, Time now) const;
  bool window_holds(const MaintenanceConfig& window, Time now) const {
    return window_began(window, now).has_value();
  }
  bool applies(const Silence& silence, const LabelMap& labels) const;
  void compile_expressions();
  std::string new_id(char kind);
  void touch(const std::string& id, bool kept) { changed_[id] = kept; }

  std::vector<MaintenanceConfig> windows_;
  std::map<std::string, Silence> silences_;
  std::map<std::string, std::shared_ptr<const re2::RE2>> expressions_;  ///< of the silences, by `~expression`
  std::map<std::string, Maintenance> maintenances_;
  std::map<std::string, bool> changed_;
  std::map<std::string, bool> window_was_open_;
};

}  // namespace healthd
