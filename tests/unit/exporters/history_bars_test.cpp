#include "exporters/history_bars.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <set>

#include "sample_snapshot.hpp"

using namespace healthd;
using Catch::Matchers::ContainsSubstring;

namespace {

/// The values of one attribute, in order.
std::vector<std::string> values(const std::string& markup, const std::string& attribute) {
  std::vector<std::string> found;
  const std::string opening = " " + attribute + "=\"";
  for (auto at = markup.find(opening); at != markup.npos; at = markup.find(opening, at + 1)) {
    const auto begin = at + opening.size();
    found.push_back(markup.substr(begin, markup.find('"', begin) - begin));
  }
  return found;
}

std::string bars(const std::vector<Status>& statuses) {
  return history_bars(*test::past(statuses), test::noon()).str();
}

}  // namespace

TEST_CASE("each bar says when and what, and the whole says how many of each") {
  const auto svg = bars({Status::up, Status::down, Status::up});
  CHECK_THAT(svg, ContainsSubstring("<title>12:06:34 UTC: up</title>"));
  CHECK_THAT(svg, ContainsSubstring("<title>12:06:49 UTC: down</title>"));
  CHECK_THAT(svg, ContainsSubstring("<title>12:07:04 UTC: up</title>"));
  CHECK_THAT(svg, ContainsSubstring("Of the last 3 results 2 up, 1 down: down at 12:06:49 UTC\""));
}

TEST_CASE("no two states have bars of the same height, so that colour is not the only sign") {
  const auto svg = bars({Status::up, Status::degraded, Status::down, Status::unknown});
  auto heights = values(svg, "height");
  CHECK(std::set<std::string>(heights.begin(), heights.end()).size() == 4);
}

TEST_CASE("the newest result stands on the right end, however few there are") {
  CHECK(values(bars({Status::up}), "x") == std::vector<std::string>{"356"});
  const auto full = values(bars(std::vector<Status>(most_past_results, Status::up)), "x");
  CHECK(full.size() == most_past_results);
  CHECK(full.front() == "0");
  CHECK(full.back() == "356");
}

TEST_CASE("a long trouble is told by its newest results, not by all") {
  const auto svg = bars(std::vector<Status>(40, Status::down));
  const auto label = values(svg, "aria-label").at(0);
  CHECK_THAT(label, ContainsSubstring("40 down"));
  CHECK(label.size() < 200);
}

TEST_CASE("a probe without results has an empty history") {
  CHECK(history_in_words({}).empty());
  CHECK(values(history_bars({}, test::noon()).str(), "x").empty());
}
