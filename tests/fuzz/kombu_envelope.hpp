// The envelope that kombu puts around a message's body, for targets whose input is the body.
#pragma once

#include <string>
#include <string_view>

#include "probes/net/base64.hpp"

namespace healthd::fuzz {

inline std::string kombu_envelope(std::string_view body) {
  return R"({"body": ")" + base64_encode(body) +
         R"(", "content-type": "application/json", "properties": {"body_encoding": "base64"}})";
}

}  // namespace healthd::fuzz
