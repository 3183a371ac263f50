// The configuration that was last in use, kept beside the state: what a start falls back on where the file
// has become unusable meanwhile.
#pragma once

#include <optional>
#include <string>

namespace healthd {

class LastGood {
 public:
  /// `folder` "" : nothing is kept.
  explicit LastGood(const std::string& folder);

  /// Replaces the copy in one step, for its owner's eyes only. Blocks on disk. "" , or why it could not.
  std::string keep(const std::string& text) const;
  /// nullopt where there is none that can be read. Blocks on disk.
  std::optional<std::string> text() const;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace healthd
