// Secrets as files: the one place that reads them.
#pragma once

#include <optional>
#include <string>

#include "config/secret.hpp"

namespace healthd {

/// Reads a secret of at most 64 KiB and cuts one trailing newline. Refuses what is empty, holds a NUL byte,
/// is not a regular file or may be read or written by others than owner and group: then nullopt, and `error`
/// says what is wrong, without any of the content.
std::optional<Secret> read_secret_file(const std::string& path, std::string& error);

}  // namespace healthd
