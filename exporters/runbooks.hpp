// The runbooks as pages, served by the daemon itself so that an alert's link works when nothing else does.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "exporters/embedded.hpp"

namespace healthd {

/// What a runbook says to do first and never to do, in plain words; "" where it says neither.
std::string first_steps(std::string_view markdown);

/// Renders the index once, and a page when somebody asks: that is rare, and all of them would take memory for
/// good.
class RunbookPages {
 public:
  /// `files` must outlive this.
  explicit RunbookPages(std::span<const EmbeddedFile> files);

  /// `/runbooks/`
  const std::string& index() const { return index_; }
  /// The file of the page for `slug` or `slug.md`; nullptr where there is none.
  const EmbeddedFile* find(std::string_view slug) const;

 private:
  std::span<const EmbeddedFile> files_;
  std::string index_;
};

/// The page of one of the files.
std::string render_runbook(const EmbeddedFile& file);

}  // namespace healthd
