#include "exporters/incident_page.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "exporters/incident_list.hpp"
#include "sample_snapshot.hpp"

using namespace healthd;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

const std::string attack = "\"'><script>alert(1)</script><img src=x onerror=y>";

std::string page_of(const Snapshot& stack) { return render_incident(stack.incidents().at(0), stack); }

Snapshot with(Incident incident) {
  Snapshot stack = test::stack_with_incident();
  stack.recent_incidents = std::make_shared<const std::vector<Incident>>(1, std::move(incident));
  return stack;
}

void check_harmless(const std::string& page) {
  CHECK_THAT(page, !ContainsSubstring("<script>"));
  CHECK_THAT(page, !ContainsSubstring("<img"));
  CHECK_THAT(page, !ContainsSubstring("\"'>"));
  CHECK_THAT(page, ContainsSubstring("&lt;script&gt;alert(1)"));
}

}  // namespace

TEST_CASE("an incident's page holds the cause, its evidence, the effects and what happened when") {
  const auto page = page_of(test::stack_with_incident());
  const auto cause = page.find(">Cause<"), effects = page.find(">Effects that were held back<"),
             timeline = page.find(">Timeline<");
  REQUIRE((cause < effects && effects < timeline && timeline != std::string::npos));
  CHECK(page.find("PostgresDown", cause) < effects);
  CHECK(page.find("<li>connect: refused</li>\n<li>last seen role: primary</li>", cause) < effects);
  CHECK(page.find("GunicornDown", effects) < timeline);
  CHECK(page.find("Acknowledged by ann (on it)", timeline) != std::string::npos);
  CHECK_THAT(page, ContainsSubstring("<dt>Taken on by</dt><dd>ann (on it)</dd>"));
  CHECK_THAT(page, ContainsSubstring("<dt>Lasted</dt><dd>4 min so far</dd>"));
  CHECK_THAT(page, ContainsSubstring("href=\"../api/v1/incidents/20261123-120304-4f1c.md\""));
}

TEST_CASE("an incident that is over says when it ended and how long it lasted") {
  auto incident = test::stack_with_incident().incidents().at(0);
  incident.ended_at = test::noon() - 1min;
  incident.acknowledged_by = "";
  const auto page = page_of(with(incident));
  CHECK_THAT(page, ContainsSubstring("<dt>State</dt><dd>over</dd>"));
  CHECK_THAT(page, ContainsSubstring("<dt>Ended</dt><dd>23 Nov 2026, 12:06:04 UTC</dd>"));
  CHECK_THAT(page, ContainsSubstring("<dt>Lasted</dt><dd>3 min</dd>"));
  CHECK_THAT(page, ContainsSubstring("<dt>Taken on by</dt><dd>nobody</dd>"));
}

TEST_CASE("an incident without members or timeline is a page all the same") {
  Incident bare;
  bare.id = "20261123-120304-4f1c";
  bare.started_at = test::noon();
  CHECK_THAT(page_of(with(bare)), ContainsSubstring("Timeline"));
  CHECK_THAT(open_incidents_section(with(bare)).str(), ContainsSubstring("20261123-120304-4f1c"));
}

TEST_CASE("nothing from outside reaches an incident's page or the list as markup") {
  const Snapshot stack = test::hostile_stack(attack);
  check_harmless(page_of(stack));
  check_harmless(render_incident_list(stack));
  check_harmless(open_incidents_section(stack).str());
  check_harmless(recent_incidents_section(stack).str());
}

TEST_CASE("the list tells open incidents from those that are over") {
  const auto open = render_incident_list(test::stack_with_incident());
  CHECK_THAT(open, ContainsSubstring("</span> open</span> for 4 min"));
  CHECK_THAT(open, ContainsSubstring("href=\"../incidents/20261123-120304-4f1c\""));
  auto incident = test::stack_with_incident().incidents().at(0);
  incident.ended_at = test::noon();
  CHECK_THAT(render_incident_list(with(incident)), !ContainsSubstring("> open<"));
}

TEST_CASE("of many incidents that are over the status page links the newest, and the list") {
  auto incident = test::stack_with_incident().incidents().at(0);
  incident.ended_at = test::noon();
  Snapshot stack = test::healthy_stack();
  CHECK(recent_incidents_section(stack).empty());
  std::vector<Incident> many(9, incident);
  for (std::size_t i = 0; i < many.size(); ++i) many[i].id += std::to_string(i);
  stack.recent_incidents = std::make_shared<const std::vector<Incident>>(many);
  const auto section = recent_incidents_section(stack).str();
  CHECK_THAT(section, ContainsSubstring("4f1c4\""));
  CHECK_THAT(section, !ContainsSubstring("4f1c5\""));
  CHECK_THAT(section, ContainsSubstring("href=\"/incidents/\""));
}
