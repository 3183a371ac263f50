// What the alert engine remembers of one alert (or of one probe), in a form that outlives the process.
#pragma once

#include <optional>
#include <string>

#include "daemon/damper.hpp"
#include "exporters/alert.hpp"

namespace healthd {

struct EngineMemory {
  std::string rule;  ///< "" : of the probe itself
  std::string probe;
  std::string label_value;
  bool gone = false;  ///< nothing is remembered any more
  DamperMemory damper = {};
  Alert alert = {};
  bool bad = false;
  std::optional<Duration> raised = {}, held = {};  ///< ages

  /// Of its row in the state file.
  std::string key() const { return rule + "/" + probe + "/" + label_value; }
};

/// JSON, and back; nullopt where `text` is none of ours.
std::string to_text(const EngineMemory& memory);
std::optional<EngineMemory> engine_memory(const std::string& text);

/// The same for an alert alone, as part of other rows.
std::string to_text(const Alert& alert);
std::optional<Alert> alert_from_text(const std::string& text);

}  // namespace healthd
