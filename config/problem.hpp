// Everything that is wrong with a configuration, collected so that a person mends it in one go.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace healthd {

/// A place in a file; line and column count from 1, 0 means that the place is unknown.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
};

struct Problem {
  enum class Severity { error, warning };
  Severity severity = Severity::error;
  Place place;
  std::string message;
};

/// `file:line:column: message`, with `warning: ` before the message of a warning.
std::string to_string(const Problem& problem);

class Problems {
 public:
  void error(Place place, std::string message);
  void warning(Place place, std::string message);

  bool has_errors() const;
  std::size_t size() const { return problems_.size(); }
  /// In the order of file, line, column. What was said twice (a key read for two purposes) is there once.
  std::vector<Problem> sorted() const;

 private:
  std::vector<Problem> problems_;
};

/// The candidate that a misspelt `word` most likely meant, or "" when none is near.
std::string_view nearest(std::string_view word, const std::vector<std::string>& candidates);

/// `text` in double quotes for a message: one line, control characters as `?`, cut after 60 bytes.
std::string in_quotes(std::string_view text);

/// `; did you mean "best"?`, or "" when no candidate is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace healthd
