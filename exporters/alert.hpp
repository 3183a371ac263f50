// An alert as receivers and pages see it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace healthd {

enum class AlertState : std::uint8_t { pending, firing, suppressed, resolved };

struct Alert {
  using Time = std::chrono::system_clock::time_point;

  std::map<std::string, std::string> labels;  ///< identity: `alertname stack component probe severity` ...
  std::map<std::string, std::string>
      annotations;  ///< `summary description runbook_url dashboard_url evidence first_steps`
  AlertState state = AlertState::pending;
  Time starts_at;
  std::optional<Time> ends_at;  ///< of a resolved one
  std::uint64_t sequence = 0;   ///< rises with every firing of this identity
  std::string generator_url;
  std::string incident;       ///< id of the incident that it belongs to; "" for none
  std::string cause;          ///< of one held back: fingerprint of the alert that explains it; "" for none
  std::string suppressed_by;  ///< what holds it back, in words: the cause, a silence ...; "" for nothing
};

/// 64 hex digits: SHA-256 of the sorted labels. The same for the same fault on every daemon.
std::string fingerprint(const std::map<std::string, std::string>& labels);

std::string_view to_string(AlertState state);

}  // namespace healthd
