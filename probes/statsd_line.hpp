// One line of the statsd protocol: `name:value|type`, then `|@rate` and `|#tags`. Source of the format: the
// description of metric types in statsd's documentation, DogStatsD's for tags, and Gunicorn's own sender.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace healthd {

struct StatsdLine {
  enum class Type : std::uint8_t { counter, gauge, timer, other };

  std::string_view name;
  Type type = Type::other;
  double value = 0;       ///< finite; 0 for members of sets, which are no numbers
  bool relative = false;  ///< written with a sign: for a gauge, a change of what it was
  double rate = 1;        ///< over 0, at most 1: the share of events that the sender tells of
};

/// nullopt for anything else. `line` holds no line end; the name points into it.
std::optional<StatsdLine> parse_statsd_line(std::string_view line);

}  // namespace healthd
