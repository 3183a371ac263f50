// What may be opened without waiting for somebody else.
#pragma once

#include <string>
#include <string_view>

#include "config/options.hpp"

namespace healthd {

/// "" where `path` is a regular file, or where opening it will say what is wrong. A named pipe, a folder or a
/// device would make whoever opens and reads it wait, or read without end.
std::string not_a_plain_file(const std::string& path);

/// The file that `key` names, "" where it names none. A relative path starts at the configuration's folder,
/// wherever the program was started.
std::string named_file(Options& options, std::string_view key);

}  // namespace healthd
