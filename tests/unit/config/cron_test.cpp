#include "config/cron.hpp"

#include <catch2/catch_test_macros.hpp>

namespace healthd {
namespace {

/// `2026-11-28 02:30` is a Saturday.
std::tm moment(int month, int day, int weekday, int hour, int minute) {
  std::tm parts{};
  parts.tm_mon = month - 1;
  parts.tm_mday = day;
  parts.tm_wday = weekday;
  parts.tm_hour = hour;
  parts.tm_min = minute;
  return parts;
}

bool matches(const char* text, const std::tm& at) { return Cron::parse(text).value().matches(at); }

}  // namespace

TEST_CASE("a schedule names minutes as crontab does") {
  const auto saturday = moment(11, 28, 6, 2, 30);
  for (const auto* text : {"30 2 * * *", "30 2 28 11 *", "30 2 * * 6", "30 2 * * sat", "*/15 * * * *",
                           "0-40/10 1-3 * * *", "5,30 2 * nov Sat", "30 2 * * mon-sat", "  30   2 * * * "})
    CHECK(matches(text, saturday));
  for (const auto* text :
       {"31 2 * * *", "30 3 * * *", "30 2 * * 0", "30 2 27 * *", "*/7 * * * *", "30 2 * dec *"})
    CHECK_FALSE(matches(text, saturday));
}

TEST_CASE("Sunday is both 0 and 7") {
  const auto sunday = moment(11, 29, 0, 2, 0);
  CHECK(matches("0 2 * * 0", sunday));
  CHECK(matches("0 2 * * 7", sunday));
  CHECK(matches("0 2 * * 5-7", sunday));
}

TEST_CASE("where day of month and day of week are both given, either will do") {
  CHECK(matches("0 2 1 * sun", moment(11, 29, 0, 2, 0)));
  CHECK(matches("0 2 1 * sun", moment(12, 1, 2, 2, 0)));
  CHECK_FALSE(matches("0 2 1 * sun", moment(12, 2, 3, 2, 0)));
}

TEST_CASE("what is no schedule is refused") {
  for (const auto* text :
       {"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8",
        "a * * * *", "5- * * * *", "9-5 * * * *", "*/0 * * * *", "1,,2 * * * *", "1, * * * *", "@daily",
        "-1 * * * *", "1/x * * * *", "* * * * sunday"})
    CHECK_FALSE(Cron::parse(text));
}

}  // namespace healthd
