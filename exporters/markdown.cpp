#include "exporters/markdown.hpp"

#include <cmark.h>

#include <cctype>
#include <cstdlib>
#include <memory>
#include <vector>

namespace healthd {
namespace {

constexpr int options =
    CMARK_OPT_DEFAULT | CMARK_OPT_VALIDATE_UTF8;  // default: raw HTML and unsafe links are left out

struct FreeNode {
  void operator()(cmark_node* node) const { cmark_node_free(node); }
};
using Node = std::unique_ptr<cmark_node, FreeNode>;

std::string_view without_front_matter(std::string_view text) {
  if (!text.starts_with("---\n")) return text;
  const auto end = text.find("\n---\n", 3);
  return end == std::string_view::npos ? text : text.substr(end + 5);
}

std::string render(cmark_node* node) {
  const std::unique_ptr<char, void (*)(void*)> html{cmark_render_html(node, options), std::free};
  return html.get();
}

std::string_view literal(cmark_node* node) {
  const char* text = cmark_node_get_literal(node);
  return text == nullptr ? "" : text;
}

std::string plain_text(cmark_node* node) {
  std::string text;
  for (cmark_node* child = cmark_node_first_child(node); child != nullptr; child = cmark_node_next(child)) {
    text += literal(child);
    text += plain_text(child);
  }
  return text;
}

/// As GitHub makes them: lower case, spaces to dashes, other punctuation gone.
std::string anchor_of(std::string_view heading) {
  std::string anchor;
  for (const char c : heading) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_') anchor += static_cast<char>(std::tolower(byte));
    if (c == ' ') anchor += '-';
  }
  return anchor;
}

/// Puts finished markup in the place of `node`, which goes.
void replace_with_markup(cmark_node* node, const std::string& markup) {
  cmark_node* block = cmark_node_new(CMARK_NODE_CUSTOM_BLOCK);
  cmark_node_set_on_enter(block, markup.c_str());
  cmark_node_replace(node, block);
  cmark_node_free(node);
}

void add_anchor(cmark_node* heading) {
  const std::string level = "<h" + std::to_string(cmark_node_get_heading_level(heading));
  std::string html = render(heading);
  html.insert(level.size(), " id=\"" + anchor_of(plain_text(heading)) + "\"");
  replace_with_markup(heading, html);
}

// ---- Tables. CommonMark reads one as a paragraph: the rows are its lines, a pipe in a text ends a cell.

using Row = std::vector<Node>;  ///< each cell a paragraph of its own

void begin_cell(Row& row) { row.emplace_back(cmark_node_new(CMARK_NODE_PARAGRAPH)); }

void append_text(Row& row, std::string_view text) {
  if (text.empty()) return;
  cmark_node* node = cmark_node_new(CMARK_NODE_TEXT);
  cmark_node_set_literal(node, std::string{text}.c_str());
  cmark_node_append_child(row.back().get(), node);
}

void append_split(Row& row, std::string_view text) {
  for (auto pipe = text.find('|'); pipe != std::string_view::npos; pipe = text.find('|')) {
    append_text(row, text.substr(0, pipe));
    begin_cell(row);
    text.remove_prefix(pipe + 1);
  }
  append_text(row, text);
}

/// Inside a table a pipe in code is written `\|`.
void unescape_pipes(cmark_node* code) {
  std::string text{literal(code)};
  for (auto at = text.find("\\|"); at != std::string::npos; at = text.find("\\|", at)) text.erase(at, 1);
  cmark_node_set_literal(code, text.c_str());
}

/// The paragraph's children, moved into rows; text outside of the outer pipes makes no cell.
std::vector<Row> take_rows(cmark_node* paragraph) {
  std::vector<Row> rows(1);
  begin_cell(rows.back());
  while (cmark_node* child = cmark_node_first_child(paragraph)) {
    cmark_node_unlink(child);
    Node owned{child};
    switch (cmark_node_get_type(child)) {
      case CMARK_NODE_SOFTBREAK:
      case CMARK_NODE_LINEBREAK:
        begin_cell(rows.emplace_back());
        break;
      case CMARK_NODE_TEXT:
        append_split(rows.back(), literal(child));
        break;
      case CMARK_NODE_CODE:
        unescape_pipes(child);
        [[fallthrough]];
      default:
        cmark_node_append_child(rows.back().back().get(), owned.release());
    }
  }
  return rows;
}

bool is_blank(const Node& cell) {
  return plain_text(cell.get()).find_first_not_of(" \t") == std::string::npos;
}

void drop_outer_cells(Row& row) {
  if (!row.empty() && is_blank(row.front())) row.erase(row.begin());
  if (!row.empty() && is_blank(row.back())) row.pop_back();
}

std::string cell_html(const Node& cell) {
  std::string html = render(cell.get());  // `<p>…</p>\n`
  html.erase(0, 3);
  html.erase(html.size() - 5);
  const auto first = html.find_first_not_of(' ');
  return first == std::string::npos ? "" : html.substr(first, html.find_last_not_of(' ') + 1 - first);
}

std::string row_html(const Row& row, const std::string& opening, const std::string& closing) {
  std::string html = "<tr>";
  for (const Node& cell : row) html += opening + cell_html(cell) + closing;
  return html + "</tr>\n";
}

std::string table_html(std::vector<Row> rows) {
  for (Row& row : rows) drop_outer_cells(row);
  std::string html =
      "<table>\n<thead>" + row_html(rows.front(), "<th scope=\"col\">", "</th>") + "</thead>\n<tbody>\n";
  for (std::size_t i = 2; i < rows.size(); ++i) html += row_html(rows[i], "<td>", "</td>");
  return html + "</tbody>\n</table>\n";
}

/// A first line with a pipe, and a second line of dashes, pipes and colons only.
bool is_table(cmark_node* paragraph) {
  std::string lines[2];
  std::size_t line = 0;
  for (cmark_node* child = cmark_node_first_child(paragraph); child != nullptr && line < 2;
       child = cmark_node_next(child)) {
    const auto type = cmark_node_get_type(child);
    if (type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK) {
      ++line;
    } else {
      lines[line] += type == CMARK_NODE_TEXT ? literal(child) : "x";
    }
  }
  return lines[0].find('|') != std::string::npos && lines[1].find("--") != std::string::npos &&
         lines[1].find('|') != std::string::npos && lines[1].find_first_not_of("|-: ") == std::string::npos;
}

}  // namespace

RenderedMarkdown render_markdown(std::string_view markdown) {
  const std::string_view text = without_front_matter(markdown);
  const Node document{cmark_parse_document(text.data(), text.size(), options)};
  RenderedMarkdown page;
  for (cmark_node* node = cmark_node_first_child(document.get()); node != nullptr;) {
    cmark_node* next = cmark_node_next(node);
    const auto type = cmark_node_get_type(node);
    if (type == CMARK_NODE_HEADING) {
      if (page.title.empty() && cmark_node_get_heading_level(node) == 1) page.title = plain_text(node);
      add_anchor(node);
    } else if (type == CMARK_NODE_PARAGRAPH && is_table(node)) {
      replace_with_markup(node, table_html(take_rows(node)));
    }
    node = next;
  }
  page.html = Html::trusted(render(document.get()));
  return page;
}

}  // namespace healthd
