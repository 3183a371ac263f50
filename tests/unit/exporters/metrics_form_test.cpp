#include "exporters/metrics_form.hpp"

#include <catch2/catch_test_macros.hpp>
#include <set>
#include <sstream>

#include "exporters/catalogue.hpp"
#include "exporters/metrics.hpp"
#include "sample_snapshot.hpp"

using namespace healthd;

namespace {

bool open(std::string_view accept) { return metrics_form(accept, "").open_metrics; }
bool gzip(std::string_view accept_encoding) { return metrics_form("", accept_encoding).gzip; }

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream{text};
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("OpenMetrics goes to whoever prefers it, and the older text to everybody else") {
  CHECK(
      open("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
           "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"));
  CHECK(open("Application/OpenMetrics-Text; Version=1.0.0; q=0.9, text/plain;q=0.5"));
  CHECK_FALSE(open(""));
  CHECK_FALSE(open("*/*"));
  CHECK_FALSE(open("text/html,application/xhtml+xml,*/*;q=0.8"));
  CHECK_FALSE(open("application/openmetrics-text;version=0.0.1"));
  CHECK_FALSE(open("application/openmetrics-text;version=1.0.0;q=0"));
  CHECK_FALSE(open("application/openmetrics-text;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.5"));
  CHECK_FALSE(open("application/openmetrics-text;version=1.0.0;q=nonsense"));
}

TEST_CASE("gzip goes to whoever accepts it") {
  CHECK(gzip("gzip"));
  CHECK(gzip("deflate, GZIP;q=0.5"));
  CHECK_FALSE(gzip(""));
  CHECK_FALSE(gzip("gzip;q=0"));
  CHECK_FALSE(gzip("gzip;q=0.000"));
  CHECK_FALSE(gzip("br, identity"));
  CHECK_FALSE(gzip("xgzip"));
}

TEST_CASE("in OpenMetrics a counter's family has no _total, its samples have, and the text ends with EOF") {
  const auto plain = render_metrics(test::healthy_stack());
  const auto text = in_form(plain, {.open_metrics = true});
  const auto before = lines_of(plain), after = lines_of(text);
  REQUIRE(after.size() == before.size() + 1);
  CHECK(after.back() == "# EOF");
  CHECK(text.ends_with("# EOF\n"));
  std::set<std::string> families;
  for (std::size_t i = 0; i < before.size(); ++i) {
    INFO(before[i]);
    if (!before[i].starts_with("# TYPE ")) {
      if (!before[i].starts_with("#")) CHECK(after[i] == before[i]);
      continue;
    }
    std::istringstream words{after[i]};
    std::string mark, type, name, kind;
    words >> mark >> type >> name >> kind;
    CHECK(families.insert(name).second);
    if (kind == "counter") {
      CHECK_FALSE(name.ends_with("_total"));
      CHECK(before[i].find(name + "_total counter") != std::string::npos);
    }
  }
}

TEST_CASE("the gzip form is a gzip file, and smaller") {
  const auto plain = render_metrics(test::healthy_stack());
  const auto small = in_form(plain, {.gzip = true});
  CHECK(small.starts_with("\x1f\x8b"));
  CHECK(small.size() < plain.size() / 2);
}
