// Five-field cron schedules, as crontab(5) has them: minute hour day-of-month month day-of-week, with `*`,
// numbers, lists, ranges, steps and the English names of months and days. Pure.
#pragma once

#include <array>
#include <bitset>
#include <ctime>
#include <optional>
#include <string_view>

namespace healthd {

class Cron {
 public:
  /// nullopt for anything that is no such schedule.
  static std::optional<Cron> parse(std::string_view text);

  /// The schedule names this minute. Where day of month and day of week are both restricted, either will do.
  bool matches(const std::tm& local) const;

 private:
  std::array<std::bitset<64>, 5> fields_{};
  bool any_day_ = true, any_weekday_ = true;
};

}  // namespace healthd
