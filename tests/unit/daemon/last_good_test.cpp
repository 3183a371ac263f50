#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "daemon/last_good.hpp"
#include "tests/support/process.hpp"

namespace healthd {

TEST_CASE("the last good configuration is kept whole, for its owner alone, and replaced in one step") {
  const test::TempDir folder;
  const LastGood last_good{folder.path().string()};
  CHECK_FALSE(last_good.text());
  CHECK(last_good.keep("stack: a\n").empty());
  CHECK(last_good.keep("stack: b\n").empty());
  CHECK(last_good.text() == "stack: b\n");
  using std::filesystem::perms;
  CHECK(std::filesystem::status(last_good.path()).permissions() == (perms::owner_read | perms::owner_write));
  CHECK(std::distance(std::filesystem::directory_iterator{folder.path()}, {}) == 1);
}

TEST_CASE("a folder that takes no copy is told of, and the copy before stays") {
  CHECK(LastGood{"/proc/self"}.keep("stack: a\n").find("/proc/self/config.last-good.yaml") == 0);
  CHECK(LastGood{""}.keep("stack: a\n").empty());
  CHECK_FALSE(LastGood{""}.text());
}

}  // namespace healthd
