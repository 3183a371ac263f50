#include "exporters/metrics.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "exporters/catalogue.hpp"
#include "sample_snapshot.hpp"

using namespace healthd;

namespace {

bool has_line(const std::string& text, const std::string& line) {
  return text.starts_with(line + "\n") || text.find("\n" + line + "\n") != std::string::npos;
}

bool has_series(const std::string& text, const std::string& name, const std::string& part = "") {
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name) && line.find(part) != std::string::npos) return true;
  }
  return false;
}

/// What promtool says about `text`, and its exit status in front.
std::string promtool(const std::string& text) {
  std::string file = std::filesystem::temp_directory_path() / "healthd-metrics-XXXXXX";
  const int descriptor = mkstemp(file.data());
  REQUIRE(descriptor >= 0);
  std::ofstream{file} << text;
  FILE* tool = popen(("promtool check metrics < " + file + " 2>&1").c_str(), "r");
  REQUIRE(tool != nullptr);
  std::string output;
  for (std::array<char, 512> part{};
       std::fgets(part.data(), static_cast<int>(part.size()), tool) != nullptr;) {
    output += part.data();
  }
  const int status = pclose(tool);
  std::fclose(fdopen(descriptor, "r"));
  std::filesystem::remove(file);
  return std::to_string(status) + " " + output;
}

const std::string edge = R"({stack="production",probe="edge",component="nginx",kind="nginx")";
const std::string metadata = R"({stack="production",probe="metadata",component="postgres",kind="postgres")";

}  // namespace

TEST_CASE("promtool finds nothing to say about the metrics of any state") {
  CHECK(promtool(render_metrics(test::healthy_stack())) == "0 ");
  CHECK(promtool(render_metrics(test::stack_without_postgres())) == "0 ");
  CHECK(promtool(render_metrics(test::fresh_start())) == "0 ");
}

TEST_CASE("promtool finds nothing either when targets send hostile bytes as labels and names") {
  CHECK(promtool(render_metrics(test::hostile_stack("\"}\n# TYPE x \xFF\\ {1} 2\n"))) == "0 ");
}

TEST_CASE("a probe that failed says so with its reason, and the other reasons are there as zero") {
  const std::string text = render_metrics(test::stack_without_postgres());
  CHECK(has_line(text, "healthd_probe_success" + metadata + "} 0"));
  CHECK(has_line(text, "healthd_probe_check_success" + metadata + ",check=\"connect\"} 0"));
  CHECK(has_line(text, "healthd_probe_failures_total" + metadata + ",reason=\"connect_refused\"} 17"));
  CHECK(has_line(text, "healthd_probe_failures_total" + metadata + ",reason=\"internal\"} 0"));
  CHECK(has_line(text, "healthd_probe_timeouts_total" + metadata + ",phase=\"connect\"} 0"));
  CHECK_FALSE(has_series(text, "healthd_probe_failures_total", "reason=\"none\""));
}

TEST_CASE("exactly one state of a probe and of a component is 1") {
  const std::string text = render_metrics(test::stack_without_postgres());
  CHECK(has_line(text, "healthd_probe_state" + metadata + ",state=\"down\"} 1"));
  for (const char* state : {"up", "degraded", "unknown", "suppressed"}) {
    CHECK(has_line(text, "healthd_probe_state" + metadata + ",state=\"" + state + "\"} 0"));
  }
  CHECK(has_line(text,
                 "healthd_component_state{stack=\"production\",component=\"postgres\",state=\"down\"} 1"));
  CHECK(has_line(text, "healthd_component_state{stack=\"production\",component=\"redis\",state=\"up\"} 1"));
}

TEST_CASE("success is absent before the first run and while it cannot be told") {
  CHECK_FALSE(has_series(render_metrics(test::fresh_start()), "healthd_probe_success{"));

  Snapshot unknown = test::healthy_stack();
  unknown.probes[0].last->result.status = Status::unknown;
  unknown.probes[0].last->result.checks = {{"https", Status::unknown, Reason::auth, ""}};
  const std::string text = render_metrics(unknown);
  CHECK_FALSE(has_series(text, "healthd_probe_success{", "probe=\"edge\""));
  CHECK_FALSE(has_series(text, "healthd_probe_check_success{", "probe=\"edge\""));
}

TEST_CASE("a degraded probe counts as a success while its failed side check shows as 0") {
  Snapshot stack = test::healthy_stack();
  stack.probes[0].last->result.status = Status::degraded;
  stack.probes[0].last->result.checks[1].status = Status::down;
  const std::string text = render_metrics(stack);
  CHECK(has_line(text, "healthd_probe_success" + edge + "} 1"));
  CHECK(has_line(text, "healthd_probe_check_success" + edge + ",check=\"redirect\"} 0"));
}

TEST_CASE("a probe's samples carry the probe's labels before their own") {
  const std::string text = render_metrics(test::healthy_stack());
  CHECK(has_line(text, "healthd_nginx_connections" + edge + ",state=\"waiting\"} 3"));
  CHECK(has_line(text, "healthd_nginx_http_requests_total" + edge + "} 91324"));
  CHECK(has_line(text, "# TYPE healthd_nginx_http_requests_total counter"));
}

TEST_CASE("responses are counted by class for HTTP probes only, unseen classes as zero") {
  const std::string text = render_metrics(test::healthy_stack());
  CHECK(has_line(text, "healthd_http_responses_total" + edge + ",code_class=\"5xx\"} 1"));
  CHECK(has_line(text, "healthd_http_responses_total" + edge + ",code_class=\"none\"} 0"));
  CHECK_FALSE(has_series(text, "healthd_http_responses_total", "probe=\"cache\""));
}

TEST_CASE("run times are a cumulative histogram whose last bucket counts every run") {
  const std::string text = render_metrics(test::healthy_stack());
  CHECK(has_line(text, "healthd_probe_duration_seconds_bucket" + edge + ",le=\"0.005\"} 720"));
  CHECK(has_line(text, "healthd_probe_duration_seconds_bucket" + edge + ",le=\"+Inf\"} 720"));
  CHECK(has_line(text, "healthd_probe_start_lateness_seconds_bucket" + edge + ",le=\"0.1\"} 720"));
}

TEST_CASE("a histogram puts a value on its bound into that bucket and an excess only into the total") {
  Histogram histogram{{1, 2}};
  for (const double value : {1.0, 1.5, 2.0, 9.0}) histogram.observe(value);
  CHECK(histogram.counts == std::vector<std::uint64_t>{1, 3});
  CHECK(histogram.total == 4);
  CHECK(histogram.sum == 13.5);
}

TEST_CASE("the daemon tells about itself, its receivers and its alerts") {
  const std::string text = render_metrics(test::stack_without_postgres());
  CHECK(has_line(text, R"(healthd_build_info{version="0.1.0",revision="abc1234",compiler="clang 19"} 1)"));
  CHECK(has_line(text, R"(healthd_alerts{severity="critical",state="firing"} 1)"));
  CHECK(has_line(text, R"(healthd_alerts{severity="warning",state="firing"} 0)"));
  CHECK(has_line(text, R"(healthd_notifications_total{receiver="oncall"} 3)"));
  CHECK(has_line(text, R"(healthd_notification_failures_total{receiver="oncall",reason="timeout"} 1)"));
  CHECK(has_line(text, R"(healthd_notification_failures_total{receiver="oncall",reason="http_5xx"} 0)"));
  CHECK(has_line(text, R"(healthd_http_requests_total{handler="/metrics",code="200"} 17)"));
  CHECK(has_line(text, R"(healthd_log_messages_total{level="error"} 0)"));
  CHECK(has_line(text, R"(healthd_dropped_series_total{metric="unknown"} 0)"));
}

TEST_CASE("what is held back, incidents, silences and maintenance are counted") {
  Snapshot stack = test::stack_with_incident();
  stack.silences.resize(3);
  stack.maintenances.resize(1);
  stack.unverified = {{"receiver", "hook"}};
  const std::string text = render_metrics(stack);
  CHECK(has_line(text, R"(healthd_alerts{severity="critical",state="firing"} 1)"));
  CHECK(has_line(text, R"(healthd_alerts{severity="critical",state="suppressed"} 1)"));
  CHECK(has_line(text, R"(healthd_alerts{severity="critical",state="pending"} 0)"));
  CHECK(has_line(text, "healthd_incidents_total 1"));
  CHECK(has_line(text, "healthd_silences 3"));
  CHECK(has_line(text, "healthd_maintenance 1"));
  CHECK(has_line(text, "healthd_monitor_blind 0"));
  CHECK(has_line(text, R"(healthd_tls_verification_disabled{part="receiver",name="hook"} 1)"));
  CHECK(promtool(text) == "0 ");
}

TEST_CASE("the store and the heartbeat are absent where nobody wants them, and 0 where they fail") {
  Snapshot stack = test::healthy_stack();
  const std::string without = render_metrics(stack);
  for (const char* name :
       {"healthd_store_ok", "healthd_last_persist_timestamp_seconds", "healthd_heartbeat_success"}) {
    CHECK_FALSE(has_series(without, name));
  }
  stack.store_wanted = stack.heartbeat.wanted = true;
  CHECK(has_line(render_metrics(stack), "healthd_store_ok 0"));
  CHECK_FALSE(has_series(render_metrics(stack), "healthd_heartbeat_success"));  // none was sent yet
  stack.heartbeat.failures = 1;
  CHECK(has_line(render_metrics(stack), "healthd_heartbeat_success 0"));
  stack.store_ok = stack.heartbeat.last_sent = true;
  stack.last_persist_at = test::noon();
  CHECK(has_line(render_metrics(stack), "healthd_store_ok 1"));
  CHECK(has_line(render_metrics(stack), "healthd_heartbeat_success 1"));
  CHECK(has_series(render_metrics(stack), "healthd_last_persist_timestamp_seconds "));
}

TEST_CASE("how long a receiver has not been told, and what it was spared, are numbers") {
  Snapshot stack = test::healthy_stack();
  stack.receivers[0].oldest_unsent_seconds = 42;
  stack.receivers[0].collapsed = 5;
  const std::string text = render_metrics(stack);
  CHECK(has_line(text, R"(healthd_notification_oldest_unsent_seconds{receiver="oncall"} 42)"));
  CHECK(has_line(text, R"(healthd_receiver_collapsed_total{receiver="oncall"} 5)"));
}

TEST_CASE("the process is described in numbers that can be true") {
  const std::string text = render_metrics(test::healthy_stack());
  for (const char* name : {"process_cpu_seconds_total ", "process_resident_memory_bytes ",
                           "process_open_fds ", "process_max_fds ", "process_start_time_seconds "}) {
    INFO(name);
    const auto at = text.find("\n" + std::string{name});
    REQUIRE(at != std::string::npos);
    CHECK(std::stod(text.substr(at + 1 + std::string{name}.size())) > 0);
  }
}

TEST_CASE("no name is in the catalogue twice, and every help text is one line") {
  std::set<std::string_view> names;
  for (const Metric& metric : metric_catalogue()) {
    INFO(metric.name);
    CHECK(names.insert(metric.name).second);
    CHECK_FALSE(metric.help.empty());
    CHECK(metric.help.find('\n') == std::string_view::npos);
    CHECK(metric.name.ends_with("_total") == (metric.kind == MetricKind::counter));
  }
}
