// The kinds of signals, one function each, and what they share. Of daemon/signal.cpp alone.
#pragma once

#include "daemon/signal.hpp"

namespace healthd {

/// Of the rule's label; "" where the rule has none or the sample lacks it.
std::string label_of(const AlertRule& rule, const Sample& sample);

/// `value` held against the rule's threshold.
Reading reading(const AlertRule& rule, const Sample& sample, double value);

/// The samples that have this name, added up; nullopt where there is none.
std::optional<double> total(const ProbeResult& result, const std::string& name);

// One result is enough for these.
std::vector<Reading> read_check(const AlertRule& rule, const Outcome& outcome);
std::vector<Reading> read_value(const AlertRule& rule, const Outcome& outcome);
std::vector<Reading> read_ratio(const AlertRule& rule, const Outcome& outcome);
std::vector<Reading> read_age(const AlertRule& rule, const Outcome& outcome);
std::vector<Reading> read_remaining(const AlertRule& rule, const Outcome& outcome);
std::vector<Reading> read_reason(const AlertRule& rule, const Outcome& outcome);
std::vector<Reading> read_count(const AlertRule& rule, const Outcome& outcome);
std::vector<Reading> read_always();

// These look back over a window, and put the result into the memory.
std::vector<Reading> read_increase(const AlertRule& rule, const Outcome& outcome, SignalMemory& memory);
std::vector<Reading> read_share(const AlertRule& rule, const Outcome& outcome, SignalMemory& memory);
std::vector<Reading> read_quantile(const AlertRule& rule, const Outcome& outcome, SignalMemory& memory);
std::vector<Reading> read_flips(const AlertRule& rule, const Outcome& outcome, SignalMemory& memory);

}  // namespace healthd
