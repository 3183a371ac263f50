// Structured logs: one event a line, as `key=value` or as JSON. Writing never blocks the loop: where the
// reader of our output is stuck, the oldest lines are dropped.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace healthd {

enum class LogLevel : std::uint8_t { debug, info, warning, error };
enum class LogFormat : std::uint8_t { text, json };

using LogFields = std::initializer_list<std::pair<std::string_view, std::string>>;

/// Before the first event is logged; until then events are dropped.
void start_logging(LogLevel level, LogFormat format);
/// Writes what is queued. False where the reader of our output is stuck: then the writer still holds a
/// thread, and the process has to end without it.
bool stop_logging();

/// Text from outside goes into `fields`, never into `event`. Control characters are escaped, values cut at
/// 512 bytes.
void log_event(LogLevel level, std::string_view event, LogFields fields = {});

/// Events so far by level (`warning`, `error`), for the metric.
std::map<std::string, std::uint64_t> log_counts();

}  // namespace healthd
