// The part of an alert that Alertmanager's API and its webhook format share.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "exporters/alert.hpp"

namespace healthd {

/// Labels or annotations as an object of valid UTF-8, 4 KiB a value.
nlohmann::json json_texts(const std::map<std::string, std::string>& texts);

/// `startsAt`, never in the future: a receiver whose clock is behind ours would refuse it.
Alert::Time shown_start(const Alert& alert, Alert::Time now);

/// `endsAt` of a resolved alert, between its start and now.
Alert::Time shown_end(const Alert& alert, Alert::Time now);

/// The link to our own page, or "" for what is no absolute http(s) link: one bad link would make Alertmanager
/// refuse the whole message.
std::string shown_link(const Alert& alert);

}  // namespace healthd
