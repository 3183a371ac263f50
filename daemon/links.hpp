// Where people reach us: the addresses that alerts carry.
#pragma once

#include "config/config.hpp"
#include "daemon/alert_engine.hpp"
#include "daemon/settings.hpp"

namespace healthd {

/// From the command line, else the configuration, else this host's name and port.
AlertLinks links_for(const Settings& settings, const Config& config);

}  // namespace healthd
