#include "config/problem.hpp"

#include <algorithm>
#include <cctype>
#include <tuple>

namespace healthd {
namespace {

constexpr std::size_t longest_word = 64;  // of the words compared; a longer one is no slip of the pen

/// Case and the choice between `-` and `_` are not what a person got wrong.
std::string folded(std::string_view word) {
  std::string result{word};
  for (auto& letter : result) {
    letter = letter == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  return result;
}

/// Insertions, deletions, replacements and swaps of neighbours that lead from `left` to `right`.
std::size_t distance(std::string_view left, std::string_view right) {
  const std::size_t width = right.size() + 1;
  std::vector<std::size_t> before(width), above(width), row(width);
  for (std::size_t i = 0; i < width; ++i) row[i] = i;
  for (std::size_t y = 1; y <= left.size(); ++y) {
    before = above;
    above = row;
    row[0] = y;
    for (std::size_t x = 1; x < width; ++x) {
      const bool same = left[y - 1] == right[x - 1];
      row[x] = std::min({above[x] + 1, row[x - 1] + 1, above[x - 1] + (same ? 0U : 1U)});
      const bool swapped = y > 1 && x > 1 && left[y - 1] == right[x - 2] && left[y - 2] == right[x - 1];
      if (swapped) row[x] = std::min(row[x], before[x - 2] + 1);
    }
  }
  return row[width - 1];
}

auto order(const Problem& problem) {
  return std::tie(problem.place.file, problem.place.line, problem.place.column, problem.message);
}

bool earlier(const Problem& left, const Problem& right) { return order(left) < order(right); }

/// A file may hold anything, and what we say of it goes to somebody's terminal.
std::string on_one_line(std::string message) {
  std::ranges::replace_if(message, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return message;
}

}  // namespace

std::string to_string(const Problem& problem) {
  std::string text = problem.place.file;
  if (problem.place.line > 0) text += ':' + std::to_string(problem.place.line);
  if (problem.place.line > 0 && problem.place.column > 0) text += ':' + std::to_string(problem.place.column);
  if (!text.empty()) text += ": ";
  if (problem.severity == Problem::Severity::warning) text += "warning: ";
  return text + problem.message;
}

void Problems::error(Place place, std::string message) {
  problems_.push_back({Problem::Severity::error, std::move(place), on_one_line(std::move(message))});
}

void Problems::warning(Place place, std::string message) {
  problems_.push_back({Problem::Severity::warning, std::move(place), on_one_line(std::move(message))});
}

bool Problems::has_errors() const {
  return std::ranges::any_of(
      problems_, [](const Problem& problem) { return problem.severity == Problem::Severity::error; });
}

std::vector<Problem> Problems::sorted() const {
  auto result = problems_;
  std::ranges::sort(result, earlier);
  const auto again = std::ranges::unique(
      result, [](const Problem& left, const Problem& right) { return order(left) == order(right); });
  result.erase(again.begin(), again.end());
  return result;
}

std::string_view nearest(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.empty() || word.size() > longest_word) return "";
  const auto wanted = folded(word);
  const std::size_t limit = std::max<std::size_t>(1, word.size() / 3);
  std::string_view best;
  std::size_t least = limit + 1;
  for (const auto& candidate : candidates) {
    if (candidate.size() > longest_word) continue;
    const auto cost = distance(wanted, folded(candidate));
    // Nothing of the word may be left in what is "near" it: no hint for one letter, or for a word replaced
    // whole.
    if (cost >= least || cost >= std::max(wanted.size(), candidate.size())) continue;
    least = cost;
    best = candidate;
  }
  return best;
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string result = "\"";
  for (const char letter : text.substr(0, longest)) {
    const auto code = static_cast<unsigned char>(letter);
    result += code < 0x20 || code == 0x7f ? '?' : letter;
  }
  return result + (text.size() > longest ? "...\"" : "\"");
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  const auto best = nearest(word, candidates);
  return best.empty() ? "" : "; did you mean " + in_quotes(best) + "?";
}

}  // namespace healthd
