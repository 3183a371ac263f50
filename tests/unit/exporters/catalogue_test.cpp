#include "exporters/catalogue.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace healthd;

TEST_CASE("a sample that the catalogue does not know is dropped and counted as unknown") {
  std::vector<Sample> samples{{"healthd_made_up", 1, {}}, {"healthd_redis_up", 1, {}}};
  DroppedSeries dropped;
  admit_samples(samples, dropped);
  REQUIRE(samples.size() == 1);
  CHECK(samples[0].name == "healthd_redis_up");
  CHECK(dropped == DroppedSeries{{"unknown", 1}});
}

TEST_CASE("a probe cannot write a metric of the daemon's own") {
  std::vector<Sample> samples{{"healthd_probe_success", 1, {}}};
  DroppedSeries dropped;
  admit_samples(samples, dropped);
  CHECK(samples.empty());
}

TEST_CASE("the second of two samples with the same labels is dropped, whatever the order of the labels") {
  std::vector<Sample> samples{{"healthd_redis_info", 1, {{"version", "7"}, {"role", "master"}}},
                              {"healthd_redis_info", 2, {{"role", "master"}, {"version", "7"}}}};
  DroppedSeries dropped;
  admit_samples(samples, dropped);
  REQUIRE(samples.size() == 1);
  CHECK(samples[0].value == 1);
  CHECK(dropped == DroppedSeries{{"healthd_redis_info", 1}});
}

TEST_CASE("values that become the same when cut are one series, not two") {
  const std::string stem(200, 'q');
  std::vector<Sample> samples{{"healthd_celery_queue_length", 1, {{"queue", stem + "1"}}},
                              {"healthd_celery_queue_length", 2, {{"queue", stem + "2"}}}};
  DroppedSeries dropped;
  admit_samples(samples, dropped);
  REQUIRE(samples.size() == 1);
  CHECK(samples[0].labels[0].second == std::string(max_label_bytes, 'q'));
}

TEST_CASE("a target with thousands of workers gets fifty series and the rest is counted") {
  std::vector<Sample> samples;
  for (int i = 0; i < 1000; ++i) {
    samples.push_back(
        {"healthd_celery_worker_last_seen_timestamp_seconds", 1, {{"worker", "w" + std::to_string(i)}}});
  }
  DroppedSeries dropped;
  admit_samples(samples, dropped);
  CHECK(samples.size() == max_samples_per_name);
  CHECK(dropped["healthd_celery_worker_last_seen_timestamp_seconds"] == 1000 - max_samples_per_name);
}

TEST_CASE("a state set keeps every state of fifty workers") {
  std::vector<Sample> samples;
  for (int worker = 0; worker < 60; ++worker)
    for (int state = 0; state < 9; ++state)
      samples.push_back({"healthd_celery_worker_state",
                         0,
                         {{"worker", "w" + std::to_string(worker)}, {"state", std::to_string(state)}}});
  DroppedSeries dropped;
  admit_samples(samples, dropped);
  CHECK(samples.size() == 50 * 9);
  CHECK(dropped["healthd_celery_worker_state"] == 10 * 9);
}

TEST_CASE("labels that would hide the probe's own, or are no labels at all, are refused") {
  std::vector<Sample> samples{{"healthd_redis_up", 1, {{"probe", "x"}}},
                              {"healthd_redis_up", 1, {{"a b", "x"}}},
                              {"healthd_redis_up", 1, {{"a", "x"}, {"a", "y"}}}};
  DroppedSeries dropped;
  admit_samples(samples, dropped);
  CHECK(samples.empty());
  CHECK(dropped["healthd_redis_up"] == 3);
}

TEST_CASE("admitting twice changes nothing more") {
  std::vector<Sample> samples{{"healthd_redis_info", 1, {{"version", "\xFF" + std::string(300, 'x')}}}};
  DroppedSeries dropped;
  admit_samples(samples, dropped);
  const auto once = samples[0].labels;
  admit_samples(samples, dropped);
  CHECK(samples[0].labels == once);
  CHECK(dropped.empty());
}
