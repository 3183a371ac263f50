#include "config/duration.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace healthd;
using namespace std::chrono_literals;

TEST_CASE("durations are read as people write them") {
  CHECK(parse_duration("500ms") == 500ms);
  CHECK(parse_duration("15s") == 15s);
  CHECK(parse_duration("5m") == 5min);
  CHECK(parse_duration("1h30m") == 90min);
  CHECK(parse_duration("21d") == 21 * 24h);
  CHECK(parse_duration("1d2h3m4s5ms") == 26h + 3min + 4s + 5ms);
  CHECK(parse_duration("0s") == 0ms);
  CHECK(parse_duration("0h90m") == 90min);
}

TEST_CASE("what is no duration is refused") {
  for (const auto* text : {"", "15", "s", "15 s", " 15s", "15s ", "-5s", "+5s", "1.5s", "5x", "15S", "15sec",
                           "30m1h", "1s1s", "1h 30m", "0x10s", "1h30", "ms5", "5\ns"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
  }
}

TEST_CASE("a duration that would overflow is refused") {
  CHECK_FALSE(parse_duration("99999999999999999999s"));
  CHECK_FALSE(parse_duration("9223372036854775807d"));
  CHECK_FALSE(parse_duration("36500d1s"));
  CHECK(parse_duration("36500d"));
}

TEST_CASE("a duration is written in its shortest exact form") {
  CHECK(format_duration(0ms) == "0s");
  CHECK(format_duration(90min) == "1h30m");
  CHECK(format_duration(60s) == "1m");
  CHECK(format_duration(1500ms) == "1s500ms");
  CHECK(format_duration(-1500ms) == "-1s500ms");
  CHECK(format_duration(21 * 24h) == "21d");
}

TEST_CASE("what is written can be read again") {
  for (const std::int64_t count : {1LL, 999LL, 61'001LL, 3'600'000LL, 123'456'789'012LL}) {
    const Duration duration{count};
    CHECK(parse_duration(format_duration(duration)) == duration);
  }
}
