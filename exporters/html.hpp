// Builds HTML in which text cannot become markup: markup comes from literals of the program only, everything
// else is escaped.
#pragma once

#include <string>
#include <string_view>

namespace healthd {

class Html {
 public:
  /// A string literal. Being consteval, the constructor refuses whatever is only known at run time.
  class Markup {
   public:
    // NOLINTNEXTLINE(google-explicit-constructor): literals are meant to convert
    consteval Markup(const char* literal) : text_{literal} {}
    constexpr std::string_view text() const { return text_; }

   private:
    std::string_view text_;
  };

  Html& raw(Markup markup);
  /// Escaped for both element content and quoted attributes. Broken UTF-8 and control characters are
  /// replaced.
  Html& text(std::string_view text);
  Html& number(long long value);
  Html& add(const Html& part);

  /// Markup that another renderer has already made safe.
  static Html trusted(std::string markup);

  bool empty() const { return out_.empty(); }
  const std::string& str() const { return out_; }

 private:
  std::string out_;
};

/// `url` where a page may link to it (http, https, or a path of ours), otherwise "".
std::string_view safe_link(std::string_view url);

}  // namespace healthd
