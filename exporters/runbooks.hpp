// The runbooks as pages, served by the daemon itself so that an alert's link works when nothing else does.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "exporters/embedded.hpp"

namespace healthd {

/// What a runbook says to do first and never to do, in plain words; "" where it says neither.
std::string first_steps(std::string_view markdown);

/// Renders every page once.
class RunbookPages {
 public:
  explicit RunbookPages(std::span<const EmbeddedFile> files);

  /// `/runbooks/`
  const std::string& index() const { return index_; }
  /// The page for `slug` or `slug.md`; nullptr where there is none.
  const std::string* find(std::string_view slug) const;

 private:
  std::string index_;
  std::map<std::string, std::string, std::less<>> pages_;
};

}  // namespace healthd
