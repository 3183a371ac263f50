#include "exporters/text.hpp"

#include <catch2/catch_test_macros.hpp>

#include "sample_snapshot.hpp"

using namespace healthd;
using namespace std::chrono_literals;

TEST_CASE("valid text of one to four bytes a character stays as it is") {
  CHECK(clean_utf8("a é € 🙂") == "a é € 🙂");
}

TEST_CASE("each broken byte becomes one replacement character") {
  const std::string bad = "\xEF\xBF\xBD";
  CHECK(clean_utf8("a\xFFz") == "a" + bad + "z");
  CHECK(clean_utf8("\xE2\x82") == bad + bad);                      // cut short
  CHECK(clean_utf8("\xC0\xAF") == bad + bad);                      // overlong slash
  CHECK(clean_utf8("\xED\xA0\x80") == bad + bad + bad);            // a surrogate
  CHECK(clean_utf8("\xF5\x80\x80\x80") == bad + bad + bad + bad);  // beyond Unicode
}

TEST_CASE("a cut never goes through a character") {
  CHECK(clean_utf8("ab€", 4) == "ab");
  CHECK(clean_utf8("ab€", 5) == "ab€");
  CHECK(clean_utf8("\xFF\xFF", 4) == "\xEF\xBF\xBD");
}

TEST_CASE("times are written in UTC") {
  CHECK(rfc3339(test::noon()) == "2026-11-23T12:07:04.250Z");
  CHECK(full_time(test::noon()) == "23 Nov 2026, 12:07:04 UTC");
  CHECK(clock_time(test::noon() - 4min, test::noon()) == "12:03:04 UTC");
  CHECK(clock_time(test::noon() - 24h, test::noon()) == "22 Nov 12:07:04 UTC");
}

TEST_CASE("spans show the units that matter") {
  CHECK(span(-5s) == "0 s");
  CHECK(span(59s) == "59 s");
  CHECK(span(4min + 59s) == "4 min");
  CHECK(span(3h + 12min) == "3 h 12 min");
  CHECK(span(52h) == "2 d 4 h");
}
