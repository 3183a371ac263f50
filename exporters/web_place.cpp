#include "exporters/web_place.hpp"

#include <tuple>

namespace healthd {
namespace {

auto rank(const WebPlace& place, std::chrono::steady_clock::time_point now) {
  const bool had_time = now - place.since >= web_patience;
  return std::tuple{had_time ? 0 : place.stage == WebPlace::speaking ? 1 : 2, place.since};
}

}  // namespace

bool goes_before(const WebPlace& one, const WebPlace& other, std::chrono::steady_clock::time_point now) {
  return rank(one, now) < rank(other, now);
}

}  // namespace healthd
