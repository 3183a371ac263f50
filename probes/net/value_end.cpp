#include "probes/net/value_end.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace healthd {
namespace {

constexpr std::string_view opening = "([{";

bool is_one_of(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

/// Takes one of `words`, in any case, from the beginning of `text`.
bool take(std::string_view& text, std::initializer_list<std::string_view> words) {
  const auto same = [](char ours, char theirs) {
    return ours == theirs || (theirs >= 'A' && theirs <= 'Z' && ours == theirs - 'A' + 'a');
  };
  for (const auto word : words) {
    if (!std::ranges::equal(word, text.substr(0, word.size()), same)) continue;
    text.remove_prefix(word.size());
    return true;
  }
  return false;
}

void take_all(std::string_view& text, std::string_view word) {
  while (take(text, {word})) continue;
}

bool take_entity(std::string_view& text) {
  take_all(text, "amp;");
  if (take(text, {"quot;", "apos;"})) return true;
  const bool hexadecimal = take(text, {"#x"});
  if (!hexadecimal && !take(text, {"#"})) return false;
  take_all(text, "0");
  return hexadecimal ? take(text, {"22;", "27;"}) : take(text, {"34;", "39;"});
}

/// A quote without the backslashes before it: plain, in HTML, in a URL, in JSON that is safe in HTML.
bool take_glyph(std::string_view& text, bool escaped) {
  if (take(text, {"\"", "'", "`"})) return true;
  if (take(text, {"&"})) return take_entity(text);
  if (take(text, {"u0022", "u0027"})) return escaped;
  if (!take(text, {"%"})) return false;
  take_all(text, "25");
  return take(text, {"22", "27"});
}

/// A quote as it came. The backslashes tell how often the text around it was put into a string.
struct Quote {
  std::size_t backslashes = 0;
  std::string_view glyph;
  bool is_there() const { return !glyph.empty(); }
  std::size_t size() const { return backslashes + glyph.size(); }
};

Quote quote_at(std::string_view text) {
  const auto slashes = std::min(text.find_first_not_of('\\'), text.size());
  text.remove_prefix(slashes);
  auto rest = text;
  if (!take_glyph(rest, slashes > 0)) return {};
  return {slashes, text.substr(0, text.size() - rest.size())};
}

/// Whether `quote` closes what `opened` opened. With more backslashes it may be a quote inside the value; a
/// quote in the middle of a word, or one of two, is part of the value as well.
bool closes(const Quote& opened, const Quote& quote, std::string_view after) {
  if (quote.glyph != opened.glyph) return false;
  if (quote.backslashes % (2 * (opened.backslashes + 1)) != opened.backslashes) return false;
  if (after.empty() || is_one_of(" \n,;&<>()[]{}|\\/%#", after.front()))
    return !after.starts_with(opened.glyph);
  const auto next = quote_at(after);
  return next.is_there() && (next.glyph != opened.glyph || next.backslashes != opened.backslashes);
}

/// Behind the quoted text that `text` begins with; all of it where nothing closes it.
std::size_t end_of_quoted(std::string_view text, const Quote& opened) {
  for (auto at = opened.size(); at < text.size();) {
    const auto quote = quote_at(text.substr(at));
    const auto behind = at + quote.size();
    if (quote.is_there() && closes(opened, quote, text.substr(behind))) return behind;
    at =
        quote.is_there() ? behind : std::max(at + 1, std::min(text.find_first_not_of('\\', at), text.size()));
  }
  return text.size();
}

/// A list or an object, with all that is in it.
std::size_t end_of_brackets(std::string_view text) {
  std::size_t depth = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (const auto quote = quote_at(text.substr(at)); quote.is_there()) {
      at += end_of_quoted(text.substr(at), quote);
      continue;
    }
    if (is_one_of(opening, text[at])) ++depth;
    if (is_one_of(")]}", text[at]) && --depth == 0) return at + 1;
    ++at;
  }
  return text.size();
}

/// `&` parts the fields of a URL, but may also be how HTML has a character of a password.
bool is_entity(std::string_view text) {
  constexpr std::array<std::string_view, 4> known{"&amp;", "&lt;", "&gt;", "&#"};
  return std::ranges::any_of(known, [&](std::string_view entity) { return text.starts_with(entity); });
}

/// Whether a word without quotes ends where `rest` begins. A comma or a quote inside it may be of a password.
bool ends_word(std::string_view rest) {
  const auto quote = quote_at(rest);
  if (!quote.is_there() && is_one_of(" \n<>&", rest.front())) return !is_entity(rest);
  if (!quote.is_there() && !is_one_of(",;", rest.front())) return false;
  rest.remove_prefix(quote.is_there() ? quote.size() : 1);
  return rest.empty() || is_one_of(" \n,;&<>)]}/\\\"'", rest.front());
}

/// A name that is taken for a value may announce one itself: what follows belongs to it.
std::size_t end_of_word(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && !ends_word(text.substr(at))) {
    const bool announces = is_one_of(":=", text[at]);
    ++at;
    while (announces && at < text.size() && is_one_of(" \n", text[at])) ++at;
    if (!announces) continue;
    if (const auto quote = quote_at(text.substr(at)); quote.is_there())
      return at + end_of_quoted(text.substr(at), quote);
    if (at < text.size() && is_one_of(opening, text[at])) return at + end_of_brackets(text.substr(at));
  }
  return at;
}

}  // namespace

std::size_t end_of_value(std::string_view text) {
  // Python's b'' and its like.
  const auto prefix = std::min(text.find_first_not_of("bBrRuUfFeE"), text.size());
  for (const auto skipped : {std::size_t{0}, prefix <= 2 ? prefix : 0})
    if (const auto quote = quote_at(text.substr(skipped)); quote.is_there())
      return skipped + end_of_quoted(text.substr(skipped), quote);
  if (!text.empty() && is_one_of(opening, text.front())) return end_of_brackets(text);
  return end_of_word(text);
}

}  // namespace healthd
