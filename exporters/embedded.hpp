// Texts that are compiled into the program.
#pragma once

#include <span>
#include <string_view>

namespace healthd {

struct EmbeddedFile {
  std::string_view slug;      ///< file name without `.md`
  std::string_view markdown;  ///< as in ops/runbooks, front matter included
};

/// The pages of ops/runbooks. The build writes the definition.
std::span<const EmbeddedFile> embedded_runbooks();

}  // namespace healthd
