// Markdown to HTML, for runbooks: CommonMark without raw HTML, plus pipe tables and anchors on headings.
#pragma once

#include <string>
#include <string_view>

#include "exporters/html.hpp"

namespace healthd {

struct RenderedMarkdown {
  std::string title;  ///< of the first level-1 heading, as plain text
  Html html;
};

/// A YAML front matter between `---` lines at the top is left out.
RenderedMarkdown render_markdown(std::string_view markdown);

}  // namespace healthd
