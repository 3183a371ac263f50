// What one rule of the catalogue sees in one result: good, bad, or nothing that could be told. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/alerts.hpp"
#include "daemon/signal_memory.hpp"
#include "probes/result.hpp"

namespace healthd {

struct Reading {
  std::string label_value;  ///< of the rule's label; "" where it has none
  bool bad = false;
  std::optional<double> value;
  std::optional<double> threshold;  ///< that the value was held against
  Reason reason = Reason::none;
  std::string detail = {};
};

/// `rule` against the result. Empty where the result does not tell (the rule's `stale` is judged by time
/// alone). A reading per value of the rule's label, where it has one.
std::vector<Reading> read_signal(const AlertRule& rule, const Outcome& outcome, SignalMemory& memory);

/// The rule's metric is missing because there is nothing to report: good news for an alert that is up.
bool absence_is_good(const AlertRule& rule, const Outcome& outcome);

/// The samples that have this name.
std::vector<const Sample*> find_samples(const ProbeResult& result, std::string_view name);

}  // namespace healthd
