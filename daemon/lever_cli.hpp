// The command line of the verbs that talk to the running daemon.
#pragma once

#include <functional>

#include "daemon/lever_commands.hpp"

namespace CLI {
class App;
}

namespace healthd {

/// Adds them to `app`. Parsing sets `chosen` to what is to be run, where it is one of these.
void add_lever_verbs(CLI::App& app, LeverRequest& request, std::function<int()>& chosen);

}  // namespace healthd
