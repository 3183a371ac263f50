// Snapshots as the daemon would make them, for the tests of everything that renders one.
#pragma once

#include <string>

#include "exporters/snapshot.hpp"

namespace healthd::test {

/// 23 Nov 2026, 12:07:04 UTC.
std::chrono::system_clock::time_point noon();

/// Results every 15 s, the last one at noon(). `waiting`: messages in the queues; -1 for none counted.
std::shared_ptr<const PastResults> past(const std::vector<Status>& statuses, std::int32_t waiting = -1);

/// Every part of the stack, all up, nothing firing.
Snapshot healthy_stack();

/// The same with PostgreSQL down for four minutes and its alert firing.
Snapshot stack_without_postgres();

/// The same with the incident that it is: gunicorn is held back as an effect, and ann is on it.
Snapshot stack_with_incident();

/// As after the start: probes without a result.
Snapshot fresh_start();

/// Every text that a target can choose holds `text`.
Snapshot hostile_stack(const std::string& text);

}  // namespace healthd::test
