// UUIDs as text.
#pragma once

#include <string>
#include <string_view>

namespace healthd {

std::string random_uuid();
/// Always the same for the same name (version 5, in a name space of our own).
std::string named_uuid(std::string_view name);

}  // namespace healthd
