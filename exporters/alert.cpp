#include "exporters/alert.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace healthd {
namespace {

/// Each text is preceded by its length, so no two label sets share a serialisation.
void append(std::string& out, std::string_view text) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

std::string hex(const unsigned char* bytes, std::size_t count) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(2 * count);
  for (std::size_t i = 0; i < count; ++i) {
    out += digits[bytes[i] >> 4U];
    out += digits[bytes[i] & 0xFU];
  }
  return out;
}

}  // namespace

std::string fingerprint(const std::map<std::string, std::string>& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    append(text, name);
    append(text, value);
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error{"OpenSSL offers no SHA-256"};
  }
  return hex(digest.data(), size);
}

std::string_view to_string(AlertState state) {
  switch (state) {
    case AlertState::pending:
      return "pending";
    case AlertState::firing:
      return "firing";
    case AlertState::suppressed:
      return "suppressed";
    case AlertState::resolved:
      return "resolved";
  }
  std::abort();
}

}  // namespace healthd
