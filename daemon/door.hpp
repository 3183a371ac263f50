// The door of our pages, as command line, configuration and web file want it.
#pragma once

#include <functional>
#include <memory>

#include "daemon/assembly.hpp"
#include "daemon/loops.hpp"
#include "daemon/settings.hpp"
#include "exporters/web_door.hpp"

namespace healthd {

/// The names that a client may use for a listener on `address`.
AllowedHosts allowed_hosts(const Settings& settings, const Config& config, const ListenAddress& address);

/// Logs what it finds when files change, who tries too many passwords, and an address that other hosts reach.
std::shared_ptr<WebDoor> make_door(const Settings& settings, const Assembly& parts, Loops& loops,
                                   const ListenAddress& address, std::function<void(unsigned)> refused);

}  // namespace healthd
