#include "probes/net/scrub.hpp"

#include "probes/net/value_end.hpp"

#include <re2/re2.h>
#include <re2/stringpiece.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

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

// --- How strangers write ---

/// As they stand in text, in HTML, in a URL and in JSON, behind the backslashes of strings within strings.
const std::string quotes =
    R"((?:\\*(?:["'`]|&(?:amp;)*(?:quot|apos|#0*3[49]|#x0*2[27]);|%(?:25)*2[27]|u002[27])){0,3})";
const std::string blanks = R"((?:\s|\+|%(?:25)*20|&nbsp;)*)";
/// Tags between a name and its value, where a page shows them in bold or as code.
const std::string tags = R"((?:</?(?:b|i|em|strong|code|span|pre|tt|td|th|dt|dd)\b[^<>]*>\s*)*)";
const std::string equals = R"((?:[:=]+(?:>|&gt;)?|%(?:25)*3[ad]|\\+u003[ad]|)"
                           R"(&(?:amp;)*(?:#0*(?:58|61)|#x0*3[ad]|colon|equals);))";
/// What stands between a name and its value; `]` ends the name of a form's field.
const std::string is = R"((?:\]|%5d)*)" + quotes + blanks + tags + equals + blanks + tags;
const std::string secret_name =
    "(?:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|auth[0-9]*(?:\\b|_)|"
    "(?:api|auth|access|private|signing|encryption|fernet)[_ -]?key|"
    "signature|session(?:[_-]?id)?|sid|jwt|csrf|dsn)";
const std::string named = "[a-z0-9_.-]*" + secret_name + "[a-z0-9_.-]*";

// --- Where a secret begins and ends ---

enum class Reach { value, line };

/// Group 1 ends where the secret begins.
struct Announcement {
  Announcement(const std::string& pattern, Reach how_far) : shape{pattern, bytes()}, reach{how_far} {}
  RE2 shape;
  Reach reach;
};

const std::array<Announcement, 8>& announcements() {
  static const std::array<Announcement, 8> known{
      // Headers, whatever their scheme is: cookies and the parts of a digest come in rows.
      Announcement{"((?:cookies?|authori[sz]ation)[a-z0-9_.-]*" + is + ")", Reach::line},
      Announcement{R"((\bx-)" + named + is + ")", Reach::line},
      // password=..., "token": "...", user[secret]=...
      Announcement{"(" + named + is + ")", Reach::value},
      // ('password', '...') and --password ...
      Announcement{"(" + named + R"(["']\s*,\s*)[bruf]{0,2}["'])", Reach::value},
      Announcement{"(--" + named + R"(\s+)[^\s-])", Reach::value},
      // PASSWORD '...' as SQL has it, and two cells of a table.
      Announcement{R"((pass(?:word|wd)?\s+)e?')", Reach::value},
      Announcement{"(" + named + R"(\s*</t[dh]>\s*<t[dh]\b[^<>]*>(?:<[a-z][^<>]*>)*)[^\s<])", Reach::value},
      // What a form holds.
      Announcement{R"((\bvalue\s*=\s*))", Reach::value},
  };
  return known;
}

std::size_t end_of_secret(std::string_view text, Reach reach) {
  const auto end = end_of_value(text);
  return reach == Reach::line ? std::min(text.find('\n', end), text.size()) : end;
}

std::string without_announced(const std::string& text, const Announcement& announced) {
  const re2::StringPiece all{text.data(), text.size()};
  std::string kept;
  std::size_t at = 0;
  std::array<re2::StringPiece, 2> found;
  while (announced.shape.Match(all, at, all.size(), RE2::UNANCHORED, found.data(), 2)) {
    const auto begin = static_cast<std::size_t>(found[1].data() + found[1].size() - text.data());
    const auto length = end_of_secret(std::string_view{text}.substr(begin), announced.reach);
    kept.append(text, at, begin - at);
    if (length > 0) kept += "***";
    at = begin + length;
  }
  return kept.append(text, at);
}

// --- What has a shape of its own ---

struct Mask {
  Mask(const std::string& pattern, const char* replacement) : shape{pattern, bytes()}, instead{replacement} {}
  RE2 shape;
  const char* instead;
};

const std::array<Mask, 5>& masks() {
  static const std::array<Mask, 5> known{
      // scheme://user:password@host; the password may hold anything but blanks and tags.
      Mask{R"(((?:[a-z][a-z0-9+.-]*(?::|%(?:25)*3a))?(?:\\*/|%(?:25)*2f){2}))"
           R"((?:[^\s/@:<>]*(?::|%(?:25)*3a)[^\s<>]*|[^\s/<>]*)(?:@|%(?:25)*40|&#0*64;))",
           R"(\1***@)"},
      Mask{R"((-----begin [^-]*key-----)(?s:.*?)(-----end|\z))", R"(\1***\2)"},
      // Without the header's name around it; `basic` is also a word, unless something encoded follows.
      Mask{R"(\b(bearer(?:\s|\+|%20)+|basic(?:\s|\+|%20)+(?-i:[a-z]*[A-Z0-9=]))[a-z0-9._~+/=-]+)", "***"},
      // <password>...</password>, and what was written into a form.
      Mask{"(<(?:textarea|" + named + R"()(?:\s[^<>]*)?>)[^<]+)", R"(\1***)"},
      // <meta name="csrf-token" content="...">
      Mask{"(<(?:meta|input|button|param)\\b)[^<>]*" + secret_name + "[^<>]*", R"(\1 ***)"},
  };
  return known;
}

/// In this order: each leaves less for the next.
std::string without_secrets(std::string text) {
  for (const auto& mask : masks()) RE2::GlobalReplace(&text, mask.shape, mask.instead);
  for (const auto& announced : announcements()) text = without_announced(text, announced);
  return text;
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

/// Characters of UTF-8 that nobody sees, yet that change what others see or where a line ends: C1, marks
/// without a width, line separators, and those that turn the direction of writing.
struct Unseen {
  std::string_view begin;
  unsigned char from, to;  ///< of the byte that follows
};
constexpr std::array<Unseen, 5> unseen{{{"\xc2", 0x80, 0x9f},
                                        {"\xe2\x80", 0x8b, 0x8f},
                                        {"\xe2\x80", 0xa8, 0xae},
                                        {"\xe2\x81", 0xa0, 0xaf},
                                        {"\xef\xbb", 0xbf, 0xbf}}};

/// How many bytes at the front of `text` nobody sees.
std::size_t unseen_bytes(std::string_view text) {
  for (const auto& [begin, from, to] : unseen) {
    if (!text.starts_with(begin) || text.size() == begin.size()) continue;
    const auto last = static_cast<unsigned char>(text[begin.size()]);
    if (from <= last && last <= to) return begin.size() + 1;
  }
  return is_control(static_cast<unsigned char>(text.front())) ? 1 : 0;
}

/// Line ends stay for now: a cookie ends with its line. What hides inside a word goes without a trace.
std::string printable(std::string_view text) {
  std::string kept;
  while (!text.empty()) {
    const char c = text.front();
    if (c == '\t' || c == '\r') kept += ' ';
    const auto hidden = c == '\n' ? 0 : unseen_bytes(text);
    if (hidden == 0) kept += c;
    text.remove_prefix(std::max<std::size_t>(hidden, 1));
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

/// The window may end within a word, and half a token looks like none. Of a page without blanks half stays.
void drop_torn_word(std::string& text) {
  const auto begin = text.find_last_of(" \n<>");
  text.resize(std::max(begin == std::string::npos ? 0 : begin + 1, text.size() / 2));
}

}  // namespace

std::string scrubbed(std::string_view text, std::size_t most) {
  auto kept = printable(text.substr(0, looked_at));
  if (text.size() > looked_at) drop_torn_word(kept);
  kept = on_one_line(without_random_words(without_secrets(std::move(kept))));
  cut(kept, most);
  while (!kept.empty() && kept.back() == ' ') kept.pop_back();
  return kept;
}

}  // namespace healthd
