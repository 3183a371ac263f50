#include "exporters/html.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "exporters/text.hpp"

namespace healthd {
namespace {

/// What stands for `c`; "" where the character may stand for itself.
std::string_view escape(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    case '\n':
    case '\t':
      return "";
    default:
      return static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? "\xEF\xBF\xBD" : "";
  }
}

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  return text.size() >= prefix.size() && std::ranges::equal(text.substr(0, prefix.size()), prefix, same);
}

}  // namespace

Html& Html::raw(Markup markup) {
  out_ += markup.text();
  return *this;
}

Html& Html::text(std::string_view text) {
  for (const char c : clean_utf8(text)) {
    const std::string_view instead = escape(c);
    if (instead.empty()) {
      out_ += c;
    } else {
      out_ += instead;
    }
  }
  return *this;
}

Html& Html::number(long long value) {
  out_ += std::to_string(value);
  return *this;
}

Html& Html::add(const Html& part) {
  out_ += part.out_;
  return *this;
}

Html Html::trusted(std::string markup) {
  Html html;
  html.out_ = std::move(markup);
  return html;
}

std::string_view safe_link(std::string_view url) {
  const bool web = starts_with_ignoring_case(url, "https://") || starts_with_ignoring_case(url, "http://");
  const bool ours = url.starts_with('/') && !url.starts_with("//") && !url.starts_with("/\\");
  return web || ours ? url : std::string_view{};
}

}  // namespace healthd
