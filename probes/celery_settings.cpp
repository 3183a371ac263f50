#include "probes/celery_settings.hpp"

#include <algorithm>
#include <cmath>

namespace healthd {
namespace {

std::string in_words(const std::vector<int>& steps) {
  std::string text;
  for (const int step : steps) text += (text.empty() ? "" : ", ") + std::to_string(step);
  return "[" + text + "]";
}

/// As the configuration of Celery has it.
std::string in_words(const std::string& text) {
  std::string shown;
  for (const char each : text) shown += each >= ' ' && each <= '~' ? each : '?';
  return "\"" + shown + "\"";
}

std::string differs(const char* option, const std::string& theirs, const std::string& ours) {
  return std::string{option} + " is " + theirs + " there and " + ours + " here";
}

std::string usual_fanout_prefix(const std::string& configured) {
  if (configured == "true") return CeleryNames{}.fanout_prefix;
  return configured == "false" ? std::string{} : configured;
}

/// The first setting that differs, in words; "" where none does.
std::string difference(const CeleryOptions& ours, const BrokerView& theirs) {
  const auto& names = ours.names;
  if (theirs.key_prefix && *theirs.key_prefix != names.key_prefix)
    return differs("global_keyprefix", in_words(*theirs.key_prefix), in_words(names.key_prefix));
  if (theirs.separator && *theirs.separator != names.separator)
    return differs("sep", in_words(*theirs.separator), in_words(names.separator));
  if (theirs.steps && *theirs.steps != names.steps)
    return differs("priority_steps", in_words(*theirs.steps), in_words(names.steps));
  if (theirs.fanout_prefix && usual_fanout_prefix(*theirs.fanout_prefix) != names.fanout_prefix)
    return differs("fanout_prefix", in_words(*theirs.fanout_prefix), in_words(names.fanout_prefix));
  if (theirs.fanout_patterns && *theirs.fanout_patterns != names.fanout_patterns)
    return differs("fanout_patterns", *theirs.fanout_patterns ? "true" : "false",
                   names.fanout_patterns ? "true" : "false");
  const std::chrono::duration<double> visibility = ours.visibility_timeout;
  if (theirs.visibility_timeout && std::abs(*theirs.visibility_timeout - visibility.count()) >= 1)
    return differs(
        "visibility_timeout",
        std::to_string(static_cast<long long>(std::clamp(*theirs.visibility_timeout, 0.0, 1e15))) + "s",
        format_duration(ours.visibility_timeout));
  return {};
}

}  // namespace

CheckResult compare_settings(const CeleryOptions& ours, int database, const std::string& node,
                             const BrokerView& theirs) {
  if (theirs.database && *theirs.database != database)
    return {"settings", Status::down, Reason::wrong_database,
            node + " uses database " + std::to_string(*theirs.database) +
                " of the broker, and this probe looks at " + std::to_string(database)};
  const auto found = difference(ours, theirs);
  if (found.empty()) return {"settings", Status::up};
  return {"settings", Status::down, Reason::config_mismatch,
          node + ": " + found + "; set it in this probe as there"};
}

}  // namespace healthd
