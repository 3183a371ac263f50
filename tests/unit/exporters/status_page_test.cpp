#include "exporters/status_page.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "exporters/overview.hpp"
#include "exporters/page.hpp"
#include "sample_snapshot.hpp"

using namespace healthd;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("a healthy stack is told in four words") {
  CHECK(overall_sentence(test::healthy_stack()) == "All parts are up.");
}

TEST_CASE("an outage is told with its part, its beginning and its length") {
  CHECK(overall_sentence(test::stack_without_postgres()) == "PostgreSQL is down since 12:03:04 UTC (4 min).");
}

TEST_CASE("what is down comes before what is degraded or unknown") {
  Snapshot stack = test::stack_without_postgres();
  stack.components[4] = {"celery", Status::down, test::noon() - 1min};
  stack.components[0] = {"nginx", Status::degraded, test::noon() - 2min};
  stack.components[5] = {"beat", Status::unknown, std::nullopt};
  CHECK(
      overall_sentence(stack) ==
      "PostgreSQL and Celery workers are down, the first since 12:03:04 UTC (4 min); Nginx is degraded since "
      "12:05:04 UTC (2 min); the state of Celery Beat is not known.");
  CHECK(overall_status(stack) == Status::down);
}

TEST_CASE("a fresh start waits, and an unknown part later is said to be unknown") {
  CHECK(overall_sentence(test::fresh_start()) == "Waiting for the first results.");
  Snapshot stack = test::healthy_stack();
  stack.components[5].state = Status::unknown;
  CHECK(overall_sentence(stack) == "The state of Celery Beat is not known.");
}

TEST_CASE("every part of the stack is drawn with a word for its state") {
  Snapshot stack = test::stack_without_postgres();
  stack.components.pop_back();
  const std::string page = render_status_page(stack);
  for (const char* name : {"Nginx", "Gunicorn", "PostgreSQL", "Redis", "Celery workers", "Celery Beat"}) {
    CHECK_THAT(page, ContainsSubstring(">" + std::string{name} + "</text>"));
  }
  CHECK_THAT(page, ContainsSubstring("PostgreSQL: down. "));
  CHECK_THAT(page, ContainsSubstring("✕ down · 4 min</text>"));
  CHECK_THAT(page, ContainsSubstring("Celery Beat: not watched. "));
}

TEST_CASE("a firing alert shows its summary, since when, and its runbook") {
  const std::string page = render_status_page(test::stack_without_postgres());
  CHECK_THAT(page, ContainsSubstring("PostgresDown"));
  CHECK_THAT(page, ContainsSubstring("The metadata database does not answer; nobody can log in."));
  CHECK_THAT(page, ContainsSubstring("Since 12:03:04 UTC (4 min)"));
  CHECK_THAT(
      page, ContainsSubstring("<a href=\"https://ops.example.com/healthd/runbooks/postgres-down\">Runbook<"));
  CHECK_THAT(page, !ContainsSubstring("No alert is firing."));
}

TEST_CASE("a probe that is not up shows its reason and its evidence") {
  const std::string page = render_status_page(test::stack_without_postgres());
  CHECK_THAT(page, ContainsSubstring("<code>down: connect_refused</code>"));
  CHECK_THAT(page, ContainsSubstring("<dt>last seen role</dt><dd>primary</dd>"));
}

TEST_CASE("an open incident stands on top, with its effects, who is on it, and its report") {
  const std::string page = render_status_page(test::stack_with_incident());
  CHECK(page.find("Open incidents") < page.find("The stack"));
  CHECK_THAT(page, ContainsSubstring("1 effect held back"));
  CHECK_THAT(page, ContainsSubstring("Taken on by ann (on it)"));
  CHECK_THAT(page, ContainsSubstring("<a href=\"./api/v1/incidents/20261123-120304-4f1c.md\">Report</a>"));
  CHECK_THAT(page, ContainsSubstring("Held back: PostgresDown of metadata"));
}

TEST_CASE("alerts of an open incident stand with it, and others by themselves") {
  Snapshot stack = test::stack_with_incident();
  CHECK_THAT(render_status_page(stack), !ContainsSubstring("Other alerts"));
  Alert other = stack.alerts[0];
  other.labels["alertname"] = "RedisMemoryHigh";
  stack.alerts.push_back(other);
  const std::string page = render_status_page(stack);
  CHECK(page.find("RedisMemoryHigh") > page.find("Other alerts"));
}

TEST_CASE("the sign of life is no alert to look at") {
  Snapshot stack = test::stack_without_postgres();
  stack.alerts[0].labels["severity"] = "none";
  CHECK_THAT(render_status_page(stack), ContainsSubstring("No alert is firing."));
}

TEST_CASE("a pending alert, which has not begun, shows no time") {
  Snapshot stack = test::stack_without_postgres();
  stack.alerts[0].state = AlertState::pending;
  stack.alerts[0].starts_at = {};
  const std::string page = render_status_page(stack);
  CHECK_THAT(page, ContainsSubstring("Not long enough to be told"));
  CHECK_THAT(page, !ContainsSubstring("1 Jan"));
}

TEST_CASE("what is announced changes with the parts' states, not with the time") {
  const auto state_of = [](const Snapshot& stack) {
    const std::string page = render_status_page(stack);
    const auto at = page.find("data-state=\"");
    return page.substr(at, page.find('"', at + 12) - at);
  };
  Snapshot stack = test::stack_without_postgres();
  const auto before = state_of(stack);
  stack.taken_at += 10min;
  CHECK(state_of(stack) == before);
  stack.components[3].state = Status::degraded;
  CHECK(state_of(stack) != before);
}

TEST_CASE("the picture beside the title is that of the state") {
  CHECK_THAT(render_status_page(test::healthy_stack()), ContainsSubstring("href=\"./icon/up.svg\""));
  CHECK_THAT(render_status_page(test::stack_without_postgres()),
             ContainsSubstring("href=\"./icon/down.svg\""));
}

TEST_CASE("an incident that is over is not among the open ones") {
  Snapshot stack = test::stack_with_incident();
  auto over = stack.incidents().at(0);
  over.ended_at = test::noon();
  stack.recent_incidents = std::make_shared<const std::vector<Incident>>(1, over);
  CHECK_THAT(render_status_page(stack), !ContainsSubstring("Open incidents"));
}

TEST_CASE("what makes the page less than the whole truth is said on it") {
  Snapshot stack = test::healthy_stack();
  CHECK_THAT(render_status_page(stack), !ContainsSubstring("class=\"notice\""));
  stack.blind = stack.store_wanted = true;
  stack.silences.resize(2);
  stack.maintenances.resize(1);
  stack.store_trouble = "the disk is full";
  stack.unverified = {{"probe", "app"}, {"heartbeat", "heartbeat"}};
  const std::string page = render_status_page(stack);
  for (const char* notice : {"The monitor is blind", "Maintenance is on", "Silences that are on</a>: 2",
                             "Nothing is kept on disk: the disk is full",
                             "not verified (insecure_skip_verify): probe app, heartbeat."}) {
    CHECK_THAT(page, ContainsSubstring(notice));
  }
}

TEST_CASE("nothing that a target sends reaches the page as markup") {
  const std::string attack = "\"'><script>alert(1)</script><img src=x onerror=y>";
  const std::string page = render_status_page(test::hostile_stack(attack));
  CHECK_THAT(page, !ContainsSubstring("<script>"));
  CHECK_THAT(page, !ContainsSubstring("<img"));
  CHECK_THAT(page, !ContainsSubstring("\"'>"));
  CHECK_THAT(page, ContainsSubstring("&lt;script&gt;alert(1)"));
}

TEST_CASE("a runbook link that is no web address is not a link") {
  const std::string page = render_status_page(test::hostile_stack("javascript:alert(1)"));
  CHECK_THAT(page, !ContainsSubstring("href=\"javascript:"));
}

TEST_CASE("the page and its styles load nothing from elsewhere, and the one script is optional") {
  std::string page = render_status_page(test::healthy_stack());
  const std::string script = "<script src=\"./status.js\" defer></script>";
  REQUIRE(page.find(script) != std::string::npos);
  CHECK_THAT(page, ContainsSubstring("<noscript><meta http-equiv=\"refresh\""));
  page.erase(page.find(script), script.size());
  for (const char* forbidden : {"<script", " style=\"", "<style", "src=\"", "onload"}) {
    CHECK_THAT(page, !ContainsSubstring(forbidden));
  }
  CHECK(style_sheet().find("url(") == std::string_view::npos);
  CHECK(style_sheet().find("@import") == std::string_view::npos);
}
