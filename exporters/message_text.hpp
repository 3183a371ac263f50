// What people read about one alert: the same words in every receiver, in valid UTF-8, each text at most 4
// KiB. The receivers only arrange them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporters/notifier.hpp"
#include "exporters/text.hpp"

namespace healthd {

struct MessageText {
  std::string state;     ///< `FIRING`, `RESOLVED`, `STILL FIRING`, `ACKNOWLEDGED`, `CAME AND WENT`
  std::string title;     ///< one line: state, alert, probe, summary
  std::string severity;  ///< `critical` ...
  std::string stack;
  std::vector<std::pair<std::string_view, std::string>> facts;  ///< one line each: `Since` and when, ...
  std::string summary;                                          ///< one line
  std::string description, note, first_steps, evidence;         ///< may have several lines; "" for none
  /// What to read on: `Runbook`, `Dashboard`, `Status page`; only absolute http(s) links.
  std::vector<std::pair<std::string_view, std::string>> links;
};

MessageText message_text(const Message& message, WallTime now);

/// What several messages are about, in one line: `3 firing, 1 resolved in production: PostgresDown, ...`.
std::string count_text(const std::vector<MessageText>& texts);

/// Valid UTF-8 without control characters, in one line.
std::string one_line(std::string_view text, std::size_t max_bytes);

/// At most `most` characters; what is cut ends with an ellipsis. `text` is valid UTF-8.
std::string cut_characters(std::string_view text, std::size_t most);

}  // namespace healthd
