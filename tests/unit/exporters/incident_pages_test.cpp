#include "exporters/incident_pages.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <nlohmann/json.hpp>

#include "sample_snapshot.hpp"

using namespace healthd;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using nlohmann::json;

namespace {

Incident sample() { return test::stack_with_incident().incidents().at(0); }

/// The part of the report under one heading.
std::string section(const std::string& report, const std::string& heading) {
  const auto begin = report.find("\n## " + heading + "\n");
  REQUIRE(begin != std::string::npos);
  const auto from = begin + heading.size() + 5;
  return report.substr(from, report.find("\n## ", from) - from);
}

}  // namespace

TEST_CASE("an incident has the promised fields") {
  const json incident = json::parse(incident_json(sample()));
  CHECK(incident["id"] == "20261123-120304-4f1c");
  CHECK(incident["stack"] == "production");
  CHECK(incident["title"] == "PostgresDown: The metadata database does not answer; nobody can log in.");
  CHECK(incident["started_at"] == "2026-11-23T12:03:04.250Z");
  CHECK(incident["ended_at"].is_null());
  CHECK(incident["acknowledged_by"] == "ann (on it)");
  REQUIRE(incident["members"].size() == 2);
  CHECK(incident["members"][0]["role"] == "cause");
  CHECK(incident["members"][0]["labels"]["alertname"] == "PostgresDown");
  CHECK(incident["members"][0]["state"] == "firing");
  CHECK(incident["members"][1]["role"] == "effect");
  CHECK(incident["members"][1]["annotations"]["description"] == "app: timeout.");
  CHECK(incident["members"][1]["ends_at"].is_null());
  CHECK(incident["timeline"][0] ==
        json{{"at", "2026-11-23T12:03:04.250Z"}, {"text", "PostgresDown of metadata fires"}});
}

TEST_CASE("the list of incidents holds the same objects, and is a list where there are none") {
  CHECK(json::parse(incidents_json({sample()}))["incidents"][0] == json::parse(incident_json(sample())));
  CHECK(json::parse(incidents_json({})) == json{{"incidents", json::array()}});
}

TEST_CASE("nobody is null, and so is what has not ended") {
  auto incident = sample();
  incident.acknowledged_by.clear();
  incident.ended_at = test::noon();
  const json shown = json::parse(incident_json(incident));
  CHECK(shown["acknowledged_by"].is_null());
  CHECK(shown["ended_at"] == "2026-11-23T12:07:04.250Z");
}

TEST_CASE("the report begins the post-mortem: cause with evidence, effects, timeline, open questions") {
  const auto report = incident_markdown(sample());
  CHECK_THAT(report, ContainsSubstring("| Taken on by | ann (on it) |"));
  CHECK_THAT(report, ContainsSubstring("| Lasted | still open |"));
  const auto cause = section(report, "Cause");
  CHECK_THAT(cause, ContainsSubstring("- PostgresDown of metadata, since 2026-11-23T12:03:04.250Z: "));
  CHECK_THAT(cause, ContainsSubstring("\n    connect: refused\n    last seen role: primary\n"));
  CHECK_THAT(cause, ContainsSubstring("https://ops.example.com/healthd/runbooks/postgres-down"));
  CHECK_THAT(section(report, "Effects that were held back"), ContainsSubstring("GunicornDown of app"));
  CHECK_THAT(section(report, "Also told meanwhile"), ContainsSubstring("None."));
  CHECK_THAT(section(report, "Timeline"),
             ContainsSubstring("| 2026-11-23T12:05:04.250Z | Acknowledged by ann (on it) |"));
  for (const char* heading : {"What users felt", "Why it could happen", "What went well", "What went badly"})
    section(report, heading);
}

TEST_CASE("the report of an incident that is over says how long it lasted") {
  auto incident = sample();
  incident.ended_at = test::noon();
  CHECK_THAT(incident_markdown(incident), ContainsSubstring("| Lasted | 4m |"));
}

TEST_CASE("text from outside adds no row, heading, link or markup to the report") {
  const auto report = incident_markdown(
      test::hostile_stack("a\r# b\n## c | d <script> [x](javascript:1) `e`").incidents().at(0));
  for (const char* forbidden : {"\r", "\n# b", "\n## c", "c | d", "<script>", "[x]("}) {
    INFO(forbidden);
    // In an indented block of evidence marks are only text.
    auto outside = report;
    for (auto at = outside.find("\n    "); at != outside.npos; at = outside.find("\n    "))
      outside.erase(at, outside.find('\n', at + 1) - at);
    CHECK_THAT(outside, !ContainsSubstring(forbidden));
  }
}

TEST_CASE("bytes that are no UTF-8 are replaced in JSON and in the report") {
  const auto incident = test::hostile_stack("\xFF\xC0\"\n").incidents().at(0);
  CHECK(json::parse(incident_json(incident))["title"].get<std::string>().starts_with("\xEF\xBF\xBD"));
  CHECK_THAT(incident_markdown(incident), !ContainsSubstring("\xFF"));
}
