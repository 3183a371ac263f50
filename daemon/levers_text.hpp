// Silences and maintenance in the form that outlives the process, and that the control socket answers with.
#pragma once

#include <optional>
#include <string>

#include "daemon/levers.hpp"

namespace healthd {

/// JSON, and back; nullopt where `text` is none of ours.
std::string to_text(const Silence& silence);
std::string to_text(const Maintenance& maintenance);
std::optional<Silence> silence_from_text(const std::string& text);
std::optional<Maintenance> maintenance_from_text(const std::string& text);

}  // namespace healthd
