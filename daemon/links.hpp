// Where people reach us: the addresses that alerts carry.
#pragma once

#include "config/config.hpp"
#include "daemon/alert_engine.hpp"
#include "daemon/settings.hpp"

namespace healthd {

/// Of this machine.
std::string host_name();

/// From the command line, else the configuration, else this host's name and port; `tls`: whether that is
/// https.
AlertLinks links_for(const Settings& settings, const Config& config, bool tls = false);

}  // namespace healthd
