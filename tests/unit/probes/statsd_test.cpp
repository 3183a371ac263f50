#include "probes/statsd.hpp"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "tests/support/probe_bench.hpp"

namespace healthd {
namespace {

using test::find_sample;
using test::sample_value;

ProbeResult report_of(const StatsdCounters& counters) {
  ProbeResult result;
  counters.report(result);
  return result;
}

ProbeResult after(std::string_view datagram, std::string_view prefix = "") {
  StatsdCounters counters{prefix};
  counters.take(datagram);
  return report_of(counters);
}

double lines(const ProbeResult& result, std::string_view outcome) {
  return sample_value(result, "healthd_statsd_packets_total", outcome).value_or(-1);
}

double requests(const ProbeResult& result, std::string_view code_class) {
  return sample_value(result, "healthd_gunicorn_requests_total", code_class).value_or(-1);
}

}  // namespace

TEST_CASE("the calls of Superset's API are counted by outcome and timed") {
  const auto result = after(
      "superset.ChartRestApi.data.success:1|c\nsuperset.ChartRestApi.data.time:250|ms\n"
      "superset.DatabaseRestApi.post.error:1|c\nsuperset.health:1|c\nsuperset.a.b.c.success:1|c",
      "bi");
  const auto calls = [&](std::string_view outcome) {
    return sample_value(result, "healthd_superset_api_calls_total", outcome);
  };
  CHECK(calls("success") == 1);
  CHECK(calls("error") == 1);
  CHECK(calls("warning") == 0);
  CHECK(result.histograms.back().histogram.total == 1);
  CHECK(result.histograms.back().histogram.sum == 0.25);
  CHECK(lines(result, "accepted") == 3);
  CHECK(lines(result, "unmapped") == 2);
}

TEST_CASE("Gunicorn's lines become requests by class, durations, workers and messages by level") {
  StatsdCounters counters;
  for (const auto* line : {"gunicorn.workers:4|g", "gunicorn.request.duration:12.5|ms",
                           "gunicorn.requests:1|c|@1.0", "gunicorn.request.status.200:1|c|@1.0",
                           "gunicorn.request.duration:2600|ms", "gunicorn.requests:1|c|@1.0",
                           "gunicorn.request.status.503:1|c|@1.0", "gunicorn.log.exception:1|c|@1.0"})
    counters.take(line);
  const auto result = report_of(counters);
  CHECK(requests(result, "2xx") == 1);
  CHECK(requests(result, "5xx") == 1);
  CHECK(requests(result, "4xx") == 0);
  CHECK(sample_value(result, "healthd_gunicorn_workers") == 4);
  CHECK(sample_value(result, "healthd_gunicorn_log_messages_total", "exception") == 1);
  CHECK(sample_value(result, "healthd_gunicorn_log_messages_total", "critical") == 0);
  CHECK(lines(result, "accepted") == 8);
  REQUIRE(result.histograms.size() == 2);
  const auto& durations = result.histograms.front().histogram;
  CHECK(result.histograms.front().name == "healthd_gunicorn_request_duration_seconds");
  CHECK(durations.total == 2);
  CHECK(durations.sum == Catch::Approx(2.6125));
  CHECK(durations.counts[2] == 1);  // at most 0.025 s
  CHECK(durations.counts[8] == 1);  // at most 2.5 s
  CHECK(durations.counts[9] == 2);  // at most 5 s
}

TEST_CASE("before a word was heard every counter is there with zero, and the workers are not known") {
  const auto result = report_of(StatsdCounters{});
  for (const auto* code_class : {"1xx", "2xx", "3xx", "4xx", "5xx"}) CHECK(requests(result, code_class) == 0);
  for (const auto* outcome : {"accepted", "unmapped", "malformed", "dropped"})
    CHECK(lines(result, outcome) == 0);
  CHECK(find_sample(result, "healthd_gunicorn_workers") == nullptr);
  CHECK(result.histograms.front().histogram.total == 0);
}

TEST_CASE("a datagram may hold several lines, with and without tags and a last line end") {
  const auto result = after(
      "gunicorn.request.status.200:1|c|@1.0|#app:superset,zone:a\ngunicorn.request.status.201:2|c\r\n"
      "nonsense\n\ngunicorn.request.status.404:1|c|#one\n");
  CHECK(requests(result, "2xx") == 3);
  CHECK(requests(result, "4xx") == 1);
  CHECK(lines(result, "accepted") == 3);
  CHECK(lines(result, "malformed") == 1);
}

TEST_CASE("a sample rate scales what a line counts") {
  const auto result = after(
      "gunicorn.request.status.200:3|c|@0.1\ngunicorn.log.error:1|c|@0.5\ngunicorn.request.duration:100|ms|@"
      "0."
      "25");
  CHECK(requests(result, "2xx") == Catch::Approx(30));
  CHECK(sample_value(result, "healthd_gunicorn_log_messages_total", "error") == 2);
  CHECK(result.histograms.front().histogram.total == 4);
  CHECK(result.histograms.front().histogram.sum == Catch::Approx(0.4));
}

TEST_CASE("what no honest sender says is malformed and changes nothing") {
  for (const std::string line : {"gunicorn.request.status.200:-1|c",
                                 "gunicorn.request.status.200:nan|c",
                                 "gunicorn.request.status.200:inf|c",
                                 "gunicorn.request.status.200:1e300|c",
                                 "gunicorn.request.status.200:1e999|c",
                                 "gunicorn.request.status.200:0x10|c",
                                 "gunicorn.request.status.200: 1|c",
                                 "gunicorn.request.status.200:++1|c",
                                 "gunicorn.request.status.200:1:2|c",
                                 "gunicorn.request.status.200:1|c|@0",
                                 "gunicorn.request.status.200:1|c|@1.1",
                                 "gunicorn.request.status.200:1|c|@-1",
                                 "gunicorn.request.status.200:1|c|@nan",
                                 "gunicorn.request.status.200:1|c|@1e-300",
                                 "gunicorn.request.status.200:1|c|@1|@0.1",
                                 "gunicorn.request.status.200:1|c|T1656581400",
                                 "gunicorn.request.status.200:1|q",
                                 "gunicorn.request.status.200:1",
                                 "gunicorn.request.status.200:|c",
                                 "gunicorn.request.status.200",
                                 ":1|c",
                                 "|",
                                 "gunicorn.request.duration:-1|ms",
                                 "gunicorn.request.duration:1e9|ms",
                                 "gunicorn.workers:1e9|g",
                                 "gunicorn.log.error:nan|c"}) {
    CAPTURE(line);
    const auto result = after(line);
    CHECK(lines(result, "malformed") == 1);
    CHECK(lines(result, "accepted") == 0);
    CHECK(requests(result, "2xx") == 0);
    CHECK(result.histograms.front().histogram.total == 0);
    CHECK(find_sample(result, "healthd_gunicorn_workers") == nullptr);
  }
}

TEST_CASE("good lines of other names or types are told apart from broken ones, and no series comes of them") {
  const auto none = report_of(StatsdCounters{});
  for (const std::string line :
       {"superset.health:1|c", "gunicorn.request.status.700:1|c", "gunicorn.request.status.2000:1|c",
        "gunicorn.request.status.:1|c", "gunicorn.log.debug:1|c", "gunicorn.log.:1|c", "gunicorn.workers:1|c",
        "gunicorn.requests:1|g", "gunicorn.requestsx:1|c", "users:name|s", "other:1|h"}) {
    CAPTURE(line);
    const auto result = after(line);
    CHECK(lines(result, "unmapped") == 1);
    CHECK(lines(result, "malformed") == 0);
    CHECK(result.samples.size() == none.samples.size());
  }
}

TEST_CASE("a gauge with a sign changes the number of workers, once that is known") {
  StatsdCounters counters;
  counters.take("gunicorn.workers:+2|g");
  CHECK(find_sample(report_of(counters), "healthd_gunicorn_workers") == nullptr);
  counters.take("gunicorn.workers:4|g\ngunicorn.workers:-1|g\ngunicorn.workers:+2|g");
  CHECK(sample_value(report_of(counters), "healthd_gunicorn_workers") == 5);
  counters.take("gunicorn.workers:-6|g");
  CHECK(sample_value(report_of(counters), "healthd_gunicorn_workers") == 5);
  CHECK(lines(report_of(counters), "malformed") == 1);
  counters.forget_workers();
  CHECK(find_sample(report_of(counters), "healthd_gunicorn_workers") == nullptr);
}

TEST_CASE("a prefix is read as Gunicorn writes it") {
  for (const std::string prefix : {"bi", "bi.", "bi..."}) {
    CAPTURE(prefix);
    CHECK(requests(after("bi.gunicorn.request.status.200:1|c|@1.0", prefix), "2xx") == 1);
  }
  CHECK(requests(after("bgunicorn.request.status.200:1|c|@1.0", "b"), "2xx") == 1);
  CHECK(lines(after("gunicorn.request.status.200:1|c|@1.0", "bi"), "unmapped") == 1);
  CHECK(lines(after("bi.gunicorn.request.status.200:1|c|@1.0", ""), "unmapped") == 1);
}

TEST_CASE("of a datagram that was too long the whole lines count, and the rest is malformed once") {
  StatsdCounters counters;
  counters.take("gunicorn.request.status.200:1|c\ngunicorn.request.status.200:1", true);
  CHECK(requests(report_of(counters), "2xx") == 1);
  CHECK(lines(report_of(counters), "malformed") == 1);
  counters.take("gunicorn.request.status.200:1|c\n", true);
  CHECK(requests(report_of(counters), "2xx") == 2);
  CHECK(lines(report_of(counters), "malformed") == 2);
}

}  // namespace healthd
