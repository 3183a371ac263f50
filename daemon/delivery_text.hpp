// A delivery row in the form that outlives the process.
#pragma once

#include <optional>
#include <string>

#include "exporters/alert.hpp"
#include "exporters/notifier.hpp"

namespace healthd {

struct DeliveryMemory {
  Alert alert;
  Message::Kind kind = Message::Kind::state;
  bool accepted = false, told_firing = false, tell_acknowledged = false;
  std::string acknowledged_by, note, receipt;
  Alert::Time wanted_at;
};

/// JSON, and back; nullopt where `text` is none of ours.
std::string to_text(const DeliveryMemory& memory);
std::optional<DeliveryMemory> delivery_memory(const std::string& text);

}  // namespace healthd
