#include "exporters/web_place.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <vector>

using namespace healthd;
using namespace std::chrono_literals;

namespace {

const auto now = std::chrono::steady_clock::time_point{1h};

WebPlace silent_for(std::chrono::milliseconds age) { return {WebPlace::silent, now - age}; }
WebPlace speaking_for(std::chrono::milliseconds age) { return {WebPlace::speaking, now - age}; }

}  // namespace

TEST_CASE("of clients that had time to speak the longest waiting one goes, whatever it did") {
  CHECK(goes_before(silent_for(20s), speaking_for(4s), now));
  CHECK(goes_before(speaking_for(4s), silent_for(1s), now));
  CHECK_FALSE(goes_before(silent_for(1s), silent_for(1s), now));
}

TEST_CASE("a client that just came stays while anybody has had time, or is slow at the same time") {
  CHECK(goes_before(speaking_for(600ms), silent_for(400ms), now));
  CHECK(goes_before(speaking_for(10ms), silent_for(400ms), now));
  CHECK(goes_before(silent_for(20s), silent_for(1ms), now));
}

TEST_CASE("a flood of requests that never end loses its own places, not that of a client in between") {
  std::vector<WebPlace> places{silent_for(300ms)};
  for (int age = 0; age < 127; ++age) places.push_back(speaking_for(std::chrono::milliseconds{age}));
  const auto first = std::ranges::min_element(
      places, [](const WebPlace& one, const WebPlace& other) { return goes_before(one, other, now); });
  CHECK(first->stage == WebPlace::speaking);
  CHECK(now - first->since == 126ms);
}
