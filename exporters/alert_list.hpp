// Alerts on a page: what, since when, why it is held back, where the runbook is.
#pragma once

#include <string_view>

#include "exporters/alert.hpp"
#include "exporters/html.hpp"
#include "exporters/snapshot.hpp"
#include "exporters/text.hpp"

namespace healthd {

/// The label or annotation of this name; "" for none.
std::string_view value_of(const std::map<std::string, std::string>& texts, const std::string& name);

/// One `<li>`.
void add_alert(Html& list, const Alert& alert, WallTime now);
/// ` · Runbook`, as a link, where the alert has one.
void add_runbook_link(Html& line, const Alert& alert);

/// Every alert that is part of no open incident, in groups.
Html alert_section(const Snapshot& snapshot);

}  // namespace healthd
