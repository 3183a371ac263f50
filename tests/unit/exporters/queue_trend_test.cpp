#include "exporters/queue_trend.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "sample_snapshot.hpp"

using namespace healthd;
using Catch::Matchers::ContainsSubstring;

namespace {

Snapshot with_queue(const std::vector<std::int32_t>& waiting) {
  Snapshot stack = test::healthy_stack();
  PastResults results = *test::past(std::vector<Status>(waiting.size(), Status::up));
  for (std::size_t i = 0; i < waiting.size(); ++i) results[i].waiting = waiting[i];
  stack.probes[5].past_results = std::make_shared<const PastResults>(results);
  return stack;
}

}  // namespace

TEST_CASE("a stack whose queues nobody counts has no trend") {
  CHECK(queue_section(test::healthy_stack()).empty());
  CHECK(queue_section(with_queue({-1, -1})).empty());
}

TEST_CASE("the trend says how many wait now and how many it has been at most") {
  const auto section = queue_section(with_queue({0, 12, 3})).str();
  CHECK_THAT(section,
             ContainsSubstring("aria-label=\"Trend: 3 messages wait; at most 12 in the last 30 s\""));
  CHECK_THAT(section, ContainsSubstring("<li>celery <b>0</b></li>"));  // of the last result, each queue
}

TEST_CASE("the curve is high where many wait, and results that counted nothing are no dip") {
  const auto section = queue_section(with_queue({0, -1, 10})).str();
  CHECK_THAT(section, ContainsSubstring("class=\"line\" points=\"0,53 356,3\""));
}

TEST_CASE("a single result and an empty queue are drawn as well") {
  CHECK_THAT(queue_section(with_queue({0})).str(), ContainsSubstring("class=\"line\" points=\"356,53\""));
}
