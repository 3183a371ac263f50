#include "probes/net/iso8601.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>

namespace healthd {
namespace {

/// Takes text apart from the left; a step that does not fit spoils the rest.
class Steps {
 public:
  explicit Steps(std::string_view text) : rest_{text} {}

  /// A number of exactly so many digits, at most `most`.
  int number(std::size_t digits, int most) {
    const auto part = rest_.substr(0, digits);
    int value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    good_ = good_ && part.size() == digits && part[0] != '-' && error == std::errc{} &&
            end == part.data() + part.size() && value <= most;
    rest_.remove_prefix(part.size());
    return good_ ? value : 0;
  }

  /// Whether one of `letters` came next; it is then taken.
  bool take(std::string_view letters) {
    const bool next = !rest_.empty() && letters.find(rest_.front()) != std::string_view::npos;
    if (next) rest_.remove_prefix(1);
    return next;
  }
  void expect(std::string_view letters) { good_ = take(letters) && good_; }

  double fraction() {
    double value = 0;
    double weight = 1;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      weight /= 10;
      value += (rest_.front() - '0') * weight;
      rest_.remove_prefix(1);
    }
    return value;
  }

  bool at_end() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

std::chrono::year_month_day read_date(Steps& steps) {
  const std::chrono::year year{steps.number(4, 9999)};
  steps.expect("-");
  const std::chrono::month month{static_cast<unsigned>(steps.number(2, 12))};
  steps.expect("-");
  return {year, month, std::chrono::day{static_cast<unsigned>(steps.number(2, 31))}};
}

double read_clock(Steps& steps) {
  int seconds = steps.number(2, 23) * 3600;
  steps.expect(":");
  seconds += steps.number(2, 59) * 60;
  steps.expect(":");
  seconds += steps.number(2, 59);
  return seconds + (steps.take(".,") ? steps.fraction() : 0);
}

/// Seconds east of Greenwich.
int read_offset(Steps& steps) {
  if (steps.take("Z")) return 0;
  const bool west = steps.take("-");
  if (!west && !steps.take("+")) return 0;
  int offset = steps.number(2, 23) * 3600;
  steps.take(":");
  offset += steps.number(2, 59) * 60;
  return west ? -offset : offset;
}

}  // namespace

std::optional<double> iso8601_time(std::string_view text) {
  Steps steps{text};
  const auto date = read_date(steps);
  steps.expect("T ");
  const auto clock = read_clock(steps);
  const auto offset = read_offset(steps);
  if (!steps.at_end() || !date.ok()) return std::nullopt;
  const std::chrono::duration<double> day = std::chrono::sys_days{date}.time_since_epoch();
  return day.count() + clock - offset;
}

}  // namespace healthd
