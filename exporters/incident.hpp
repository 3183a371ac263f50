// One fault and all that came of it: the alert that is the cause, the alerts that are its effects, what
// happened when. Plain values, for pages, JSON, the post-mortem and the state file.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "exporters/alert.hpp"

namespace healthd {

struct Incident {
  using Time = std::chrono::system_clock::time_point;

  enum class Role : std::uint8_t {
    cause,   ///< people were told
    effect,  ///< held back, because the cause explains it
    also,    ///< told as well: its own fault, while the incident was open
  };
  struct Member {
    Role role = Role::cause;
    Alert alert;  ///< as it was last
  };
  struct Entry {
    Time at;
    std::string text;  ///< one line, no secrets
  };

  std::string id;  ///< `20261128-070312-4f1c`: when it began, and a part of the cause's fingerprint
  std::string stack;
  std::string title;  ///< the cause's alertname and summary
  Time started_at;
  std::optional<Time> ended_at;  ///< nullopt while it is open
  std::string acknowledged_by;   ///< "" for nobody
  std::vector<Member> members;   ///< the cause first; at most 64
  std::vector<Entry> timeline;   ///< oldest first; at most 256
};

}  // namespace healthd
