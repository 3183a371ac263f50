#include "probes/net/scrub.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>

namespace healthd {
namespace {

/// More than is kept, so that a secret at the edge is recognised before it is cut.
constexpr std::size_t looked_at = 2048;
/// Random words that are shorter are not taken for credentials.
constexpr std::size_t long_word = 20;

RE2::Options bytes() {
  RE2::Options options{RE2::Latin1};  // strangers do not always send valid UTF-8
  options.set_case_sensitive(false);
  options.set_log_errors(false);
  options.set_max_mem(1 << 18);  // for each pattern; one that needs more takes a slower way
  return options;
}

struct Mask {
  Mask(const std::string& pattern, const char* replacement) : shape{pattern, bytes()}, instead{replacement} {}
  RE2 shape;
  const char* instead;
};

/// A quote as it may stand in JSON, in JSON within JSON, and in HTML.
const std::string quote = R"((?:\\?["']|&quot;|&#3[49];)?)";
const std::string is = quote + R"(\s*[:=]\s*)";
const std::string secret_name =
    "(?:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|auth|api[_-]?key|access[_-]?key|private[_-]?"
    "key|"
    "signature|session(?:[_-]?id)?|sid|jwt|csrf|dsn)";

/// In this order: each leaves less for the next.
const std::array<Mask, 6>& masks() {
  static const std::array<Mask, 6> known{
      // scheme://user:password@host; the password may hold anything but blanks and quotes.
      Mask{R"(([a-z][a-z0-9+.-]*://)(?:[^\s/@:"'<>]*:[^\s"'<>]*|[^\s/"'<>]*)@)", R"(\1***@)"},
      // All that follows on the line: cookies come in rows.
      Mask{"(cookie" + is + R"()[^<>\n]+)", R"(\1***)"},
      Mask{"(authorization" + is + quote +
               R"()(?:(?:basic|bearer|digest|token|apikey|negotiate)\s+)?[^\s"'<>,;&]+)",
           R"(\1***)"},
      // Without the header's name around it; `basic` is also a word, unless something encoded follows.
      Mask{R"(\b(bearer\s+|basic\s+(?-i:[a-z]*[A-Z0-9=]))[a-z0-9._~+/=-]+)", "***"},
      // password=..., "token": "...", X-Api-Key: ...
      Mask{"([a-z0-9_.-]*" + secret_name + "[a-z0-9_.-]*" + is + R"()(?:"[^"]*"?|'[^']*'?|)" + quote +
               R"([^\s"'&;,<>]+))",
           R"(\1***)"},
      // What a form holds.
      Mask{R"((\bvalue\s*=\s*)(?:"[^"]*"?|'[^']*'?))", R"(\1***)"},
  };
  return known;
}

bool is_control(unsigned char c) { return c < 0x20 || c == 0x7f; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool in_word(char c) {
  return is_digit(c) || is_upper(c) || is_lower(c) || c == '+' || c == '/' || c == '_' || c == '=' ||
         c == '-';
}

/// Base64, hexadecimal and the like; a path is not, unless its letters are mixed as well.
bool looks_random(std::string_view word) {
  if (word.size() < long_word || std::ranges::count_if(word, is_digit) < 3) return false;
  const bool mixed = std::ranges::any_of(word, is_upper) && std::ranges::any_of(word, is_lower);
  return mixed || word.find('/') == std::string_view::npos;
}

std::string without_random_words(std::string_view text) {
  std::string kept;
  while (!text.empty()) {
    const auto end = std::ranges::find_if_not(text, in_word);
    const auto word = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    kept += looks_random(word) ? std::string_view{"***"} : word;
    text.remove_prefix(word.size());
    if (text.empty()) break;
    kept += text.front();
    text.remove_prefix(1);
  }
  return kept;
}

/// Line ends stay for now: a cookie ends with its line. What hides inside a word goes without a trace.
std::string printable(std::string_view text) {
  std::string kept;
  for (const char c : text) {
    if (c == '\t' || c == '\r') kept += ' ';
    if (c == '\n' || !is_control(static_cast<unsigned char>(c))) kept += c;
  }
  return kept;
}

std::string on_one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n';
    if (!blank)
      line += c;
    else if (!line.empty() && line.back() != ' ')
      line += ' ';
  }
  return line;
}

/// Not in the middle of a UTF-8 character.
void cut(std::string& text, std::size_t most) {
  if (text.size() <= most) return;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80U) --most;
  text.resize(most);
}

}  // namespace

std::string scrubbed(std::string_view text, std::size_t most) {
  auto kept = printable(text.substr(0, looked_at));
  for (const auto& mask : masks()) RE2::GlobalReplace(&kept, mask.shape, mask.instead);
  kept = on_one_line(without_random_words(kept));
  cut(kept, most);
  while (!kept.empty() && kept.back() == ' ') kept.pop_back();
  return kept;
}

}  // namespace healthd
