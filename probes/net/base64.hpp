// Base64 with padding, as message bodies on a Celery broker use it (RFC 4648, section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace healthd {

std::string base64_encode(std::string_view bytes);
/// nullopt for anything that is not whole, padded base64.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace healthd
