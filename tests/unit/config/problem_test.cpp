#include "config/problem.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/config/sample.hpp"

using namespace healthd;

TEST_CASE("a problem is printed as file, line, column and message") {
  CHECK(to_string({Problem::Severity::error, {"c.yaml", 7, 15}, "no"}) == "c.yaml:7:15: no");
  CHECK(to_string({Problem::Severity::warning, {"c.yaml", 7, 15}, "hm"}) == "c.yaml:7:15: warning: hm");
}

TEST_CASE("a place that is not known is left out of a problem") {
  CHECK(to_string({Problem::Severity::error, {"c.yaml"}, "cannot be read"}) == "c.yaml: cannot be read");
  CHECK(to_string({Problem::Severity::error, {"c.yaml", 3, 0}, "no"}) == "c.yaml:3: no");
  CHECK(to_string({Problem::Severity::error, {}, "no"}) == "no");
}

TEST_CASE("problems come in the order of their places and each only once") {
  Problems problems;
  problems.error({"c.yaml", 10, 1}, "last");
  problems.error({"c.yaml", 9, 12}, "third");
  problems.warning({"c.yaml", 9, 2}, "second");
  problems.error({"b.yaml", 99, 1}, "first");
  problems.error({"c.yaml", 9, 12}, "third");
  CHECK(test::lines(problems) ==
        "b.yaml:99:1: first\nc.yaml:9:2: warning: second\nc.yaml:9:12: third\nc.yaml:10:1: last\n");
}

TEST_CASE("a warning alone is no error") {
  Problems problems;
  problems.warning({"c.yaml", 1, 1}, "hm");
  CHECK_FALSE(problems.has_errors());
  problems.error({"c.yaml", 1, 1}, "no");
  CHECK(problems.has_errors());
}

TEST_CASE("the nearest name is found through one slip in a short word and more in a long one") {
  const std::vector<std::string> keys{"interval", "timeout", "retry_interval", "url"};
  CHECK(nearest("intervall", keys) == "interval");
  CHECK(nearest("itnerval", keys) == "interval");
  CHECK(nearest("Interval", keys) == "interval");
  CHECK(nearest("retry-interval", keys) == "retry_interval");
  CHECK(nearest("rty_intervl", keys) == "retry_interval");
  CHECK(nearest("ulr", keys) == "url");
}

TEST_CASE("nothing is suggested where nothing is near") {
  const std::vector<std::string> keys{"interval", "url", "of"};
  CHECK(nearest("database", keys).empty());
  CHECK(nearest("x", keys).empty());
  CHECK(nearest("", keys).empty());
  CHECK(nearest("uxx", keys).empty());
  CHECK(nearest(std::string(100'000, 'a'), keys).empty());
  CHECK(nearest("interval", {}).empty());
}

TEST_CASE("nothing of a file reaches a terminal but plain text") {
  Problems problems;
  problems.error({"a.yaml", 1, 1}, "header \x1b[2J\n names");
  CHECK(to_string(problems.sorted().front()).find("header ?[2J? names") != std::string::npos);
}

TEST_CASE("text from the file cannot break the lines of a message") {
  CHECK(in_quotes("a\nb\x1b[31m") == "\"a?b?[31m\"");
  CHECK(in_quotes(std::string(100, 'x')) == '"' + std::string(60, 'x') + "...\"");
}
