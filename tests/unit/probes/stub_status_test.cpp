#include "probes/stub_status.hpp"

#include <catch2/catch_test_macros.hpp>

namespace healthd {

TEST_CASE("stub_status' seven numbers are read") {
  const auto status = parse_stub_status(
      "Active connections: 3 \nserver accepts handled requests\n 17 16 42 \nReading: 0 Writing: 1 Waiting: 2 "
      "\n");
  REQUIRE(status.has_value());
  CHECK(status->accepted == 17);
  CHECK(status->handled == 16);
  CHECK(status->requests == 42);
  CHECK(status->writing == 1);
  CHECK(status->waiting == 2);
}

TEST_CASE("any other page is not taken for stub_status") {
  CHECK_FALSE(parse_stub_status("").has_value());
  CHECK_FALSE(parse_stub_status("<html>login</html>").has_value());
  CHECK_FALSE(
      parse_stub_status("Active connections: 3 \nserver accepts handled requests\n 17 -1 42 \n").has_value());
}

}  // namespace healthd
