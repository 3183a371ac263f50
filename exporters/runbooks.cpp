#include "exporters/runbooks.hpp"

#include <algorithm>
#include <map>

#include "exporters/html.hpp"
#include "exporters/markdown.hpp"
#include "exporters/page.hpp"

namespace healthd {
namespace {

constexpr std::string_view introduction = "README";  ///< the page about the runbooks; it heads the index

std::string frame(std::string_view title, const Html& content) {
  Html main;
  main.raw("<article>\n").add(content).raw("</article>\n");
  return render_page({.title = title, .stack = "", .here = "/runbooks/"}, main);
}

void add_link(Html& list, std::string_view slug, std::string_view title) {
  list.raw("<li><a href=\"/runbooks/").text(slug).raw("\">").text(title).raw("</a></li>\n");
}

/// The introduction may have an index of its own; only what it forgot is added.
bool links_to(const Html& page, std::string_view slug) {
  return page.str().find("href=\"" + std::string{slug} + ".md\"") != std::string::npos;
}

std::string title_of(const RenderedMarkdown& page, const EmbeddedFile& file) {
  return page.title.empty() ? std::string{file.slug} : page.title;
}

/// The paragraph that begins with `head`, as one line without Markdown's marks; "" for none.
std::string paragraph(std::string_view markdown, std::string_view head) {
  const auto start = markdown.find(head);
  if (start == markdown.npos) return "";
  std::string text;
  for (const char letter : markdown.substr(start, markdown.find("\n\n", start) - start)) {
    if (letter == '*' || letter == '`') continue;
    text += letter == '\n' ? ' ' : letter;
  }
  return text;
}

}  // namespace

std::string first_steps(std::string_view markdown) {
  const auto first = paragraph(markdown, "**First:**");
  const auto never = paragraph(markdown, "**Never:**");
  return first.empty() || never.empty() ? first + never : first + "\n" + never;
}

std::string render_runbook(const EmbeddedFile& file) {
  const RenderedMarkdown page = render_markdown(file.markdown);
  return frame(title_of(page, file), page.html);
}

RunbookPages::RunbookPages(std::span<const EmbeddedFile> files) : files_{files} {
  Html head, list;
  std::multimap<std::string, std::string_view> by_title;
  for (const EmbeddedFile& file : files) {
    const RenderedMarkdown page = render_markdown(file.markdown);
    if (file.slug == introduction) {
      head = page.html;
    } else {
      by_title.emplace(title_of(page, file), file.slug);
    }
  }
  if (head.empty()) head.raw("<h1>Runbooks</h1>\n");
  for (const auto& [title, slug] : by_title) {
    if (!links_to(head, slug)) add_link(list, slug, title);
  }
  if (!list.empty()) head.raw("<ul class=\"index\">\n").add(list).raw("</ul>\n");
  index_ = frame("Runbooks", head);
}

const EmbeddedFile* RunbookPages::find(std::string_view slug) const {
  if (slug.ends_with(".md")) slug.remove_suffix(3);
  const auto found = std::ranges::find(files_, slug, &EmbeddedFile::slug);
  return found == files_.end() ? nullptr : &*found;
}

}  // namespace healthd
