// What may be opened without waiting for somebody else.
#pragma once

#include <string>

namespace healthd {

/// "" where `path` is a regular file, or where opening it will say what is wrong. A named pipe, a folder or a
/// device would make whoever opens and reads it wait, or read without end.
std::string not_a_plain_file(const std::string& path);

}  // namespace healthd
