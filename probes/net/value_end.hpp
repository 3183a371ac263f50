// Where a value ends in a text whose format nobody knows: JSON, HTML, Python, a URL, or one within the other.
#pragma once

#include <cstddef>
#include <string_view>

namespace healthd {

/// How many bytes of `text` belong to the value that it begins with. Of several readings the longer one
/// counts; what nothing closes runs to the end of the text.
std::size_t end_of_value(std::string_view text);

}  // namespace healthd
