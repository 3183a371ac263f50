// Files that the configuration names.
#pragma once

#include <string>
#include <string_view>

#include "config/options.hpp"

namespace healthd {

/// A relative path starts at the folder of the configuration `file`, wherever the program was started.
std::string beside(const std::string& file, const std::string& path);

/// The path under `key`, beside the file in which it stands; "" where absent.
std::string path_option(Options& options, std::string_view key);

}  // namespace healthd
