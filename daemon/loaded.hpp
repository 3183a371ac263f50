// A configuration that was read: the parts, and what they lean on.
#pragma once

#include <memory>
#include <string>

#include "daemon/assembly.hpp"
#include "daemon/settings.hpp"

namespace healthd {

struct Loaded {
  std::string text;  ///< of the file
  std::unique_ptr<TlsContexts> tls = std::make_unique<TlsContexts>();
  std::unique_ptr<Problems> problems = std::make_unique<Problems>();
  Assembly parts;

  bool usable() const { return !problems->has_errors(); }
};

/// Reads the file, and the web file (`--web.config.file`, "" for none); blocks on disk.
Loaded load_file(const std::string& path, const std::string& web_path, Resolver& resolver);
/// As if the file held the text.
Loaded load_text(std::string text, const std::string& name, const std::string& web_path, Resolver& resolver);

/// Reports to `next` what it changes that only a restart can bring about.
void refuse_what_needs_a_restart(const Config& now, const Settings& settings, Loaded& next);

/// A problem per line, without the last line's end.
std::string lines_of(const Problems& problems);

}  // namespace healthd
