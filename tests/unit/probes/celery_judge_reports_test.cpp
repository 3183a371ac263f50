// What is told besides verdicts: ages, counts, and what was heard.
#include "tests/unit/probes/celery_scene.hpp"

using namespace healthd;
using namespace healthd::test;

namespace {

constexpr const char* age_metric = "healthd_celery_queue_oldest_message_age_seconds";

std::optional<double> age(const ProbeResult& result, const std::string& queue, const std::string& bound) {
  for (const auto& sample : result.samples)
    if (sample.name == age_metric && sample.labels == Labels{{"queue", queue}, {"bound", bound}})
      return sample.value;
  return std::nullopt;
}

std::string evidence(const ProbeResult& result, const std::string& name) {
  for (const auto& [key, value] : result.evidence)
    if (key == name) return value;
  return "";
}

/// These workers run as many tasks as they have places.
void fill(Scene& scene, const std::vector<std::string>& names) {
  for (const auto& name : names) scene[name].active = {"a", "b", "c", "d"};
}

}  // namespace

// --- how long messages wait --------------------------------------------------------------------------------

TEST_CASE("the age of the oldest message is told by its bounds, the upper one where there is one") {
  Scene scene{{"w1"}, celery_options({"a", "b", "c"})};
  scene["w1"].queues = {"a", "b", "c"};
  scene.lengths = {{"a", 1}, {"b", 1}, {"c", 1}};
  scene.ages = {AgeBracket{10, 25}, AgeBracket{40, std::nullopt}, std::nullopt};
  const auto result = scene.run();
  CHECK(age(result, "a", "lower") == 10);
  CHECK(age(result, "a", "upper") == 25);
  CHECK(age(result, "b", "lower") == 40);
  CHECK_FALSE(age(result, "b", "upper"));
  CHECK_FALSE(age(result, "c", "lower"));
  CHECK(check(result, "wait") == "up/none");
}

TEST_CASE("where no age can be told, nothing is said of the wait") {
  Scene scene;
  scene.ages = {std::nullopt};
  CHECK(check(scene.run(), "wait").empty());
}

TEST_CASE("a message that waits longer than max_wait is told with its queue, only when that is certain") {
  Scene scene{{"w1"}, celery_options({"a", "b"})};
  scene["w1"].queues = {"a", "b"};
  scene.lengths = {{"a", 1}, {"b", 1}};
  scene.ages = {AgeBracket{600, 615}, AgeBracket{0, std::nullopt}};
  CHECK(check(scene.run(), "wait") == "up/none");
  scene.ages = {AgeBracket{0, 0}, AgeBracket{601, std::nullopt}};
  const auto result = scene.run();
  CHECK(result.status == Status::degraded);
  CHECK(check(result, "wait") == "down/not_consuming");
  CHECK(says(result, "wait", "waited in b for 10m1s or longer"));
}

TEST_CASE("a long wait is put down to full pools only where every pool is full") {
  for (const bool all : {true, false}) {
    Scene scene;
    fill(scene, all ? std::vector<std::string>{"w1", "w2"} : std::vector<std::string>{"w1"});
    scene.lengths["celery"] = 1;
    scene.ages = {AgeBracket{700, 715}};
    const auto result = scene.runs(3);
    CHECK(worker_state(result, "w1") == "saturated");
    CHECK(check(result, "wait") == (all ? "down/saturated" : "down/not_consuming"));
  }
}

// --- numbers -----------------------------------------------------------------------------------------------

TEST_CASE("exactly one state of each worker is 1, and all others are there as 0") {
  Scene scene;
  const auto result = scene.runs(3);
  CHECK(std::ranges::count(result.samples, "healthd_celery_worker_state", &Sample::name) ==
        2 * static_cast<long>(worker_state_count));
  CHECK(worker_state(result, "w1") == "healthy");
  CHECK(worker_state(result, "w2") == "healthy");
}

TEST_CASE("of an unknown worker nothing is claimed that was not seen, not even that it is not catatonic") {
  Scene scene;
  scene.runs(4);
  scene.deafen("w1");
  const auto result = scene.run();
  CHECK(worker_state(result, "w1") == "unknown");
  CHECK(worker_state(result, "w2") == "healthy");
  CHECK(std::ranges::count(result.samples, "healthd_celery_worker_state", &Sample::name) ==
        1 + static_cast<long>(worker_state_count));
  CHECK_FALSE(find_sample(result, "healthd_celery_worker_stuck_tasks", "w1"));
  CHECK(sample_value(result, "healthd_celery_worker_stuck_tasks", "w2") == 0);
}

TEST_CASE("running tasks are counted by queue, and those of queues that are not watched together") {
  Scene scene{{"w1", "w2"}, celery_options({"celery", "idle"})};
  scene["w1"].active = {"a", "b"};
  scene["w2"].active = {"c"};
  scene["w2"].task_queue = "secret";
  const auto result = scene.runs(2);
  CHECK(sample_value(result, "healthd_celery_tasks_active", "celery") == 2);
  CHECK(sample_value(result, "healthd_celery_tasks_active", "idle") == 0);
  CHECK(sample_value(result, "healthd_celery_tasks_active", "other") == 1);
  CHECK_FALSE(sample_value(result, "healthd_celery_tasks_active", "secret"));
}

TEST_CASE("workers that are gone leave no running tasks behind") {
  Scene scene{{"w1"}};
  scene["w1"].active = {"a"};
  REQUIRE(sample_value(scene.runs(2), "healthd_celery_tasks_active", "celery") == 1);
  scene.kill("w1");
  CHECK(sample_value(scene.runs(8), "healthd_celery_tasks_active", "celery") == 0);
}

TEST_CASE("the last sign of a worker stays known after it ended, and is forgotten in an hour") {
  Scene scene;
  scene.runs(4);
  const auto seen = scene.now.unix_seconds(scene.now.steady);
  scene.kill("w1");
  const auto last_seen = [](const ProbeResult& result) {
    return sample_value(result, "healthd_celery_worker_last_seen_timestamp_seconds", "w1");
  };
  CHECK(last_seen(scene.runs(8)) == seen);
  scene.news.forget_before(scene.now.steady + 1h);
  CHECK_FALSE(last_seen(scene.run(2h)));
}

TEST_CASE("what was heard is counted from zero on, where we listen") {
  Scene scene;
  scene.news.hear("celery-task-meta-1", R"({"status": "FAILURE", "result": {}})", "celery-task-meta-",
                  scene.now.steady);
  auto result = scene.run();
  CHECK(sample_value(result, "healthd_celery_task_results_total", "failure") == 1);
  CHECK(sample_value(result, "healthd_celery_task_results_total", "success") == 0);
  CHECK(sample_value(result, "healthd_celery_task_events_total", "sent") == 0);
  Scene deaf;
  deaf.listening_since.reset();
  deaf.deaf = {Reason::permission, "NOPERM"};
  result = deaf.runs(3);
  CHECK_FALSE(sample_value(result, "healthd_celery_task_results_total", "failure"));
  CHECK(check(result, "events") == "unknown/permission");
  CHECK(check(result, "replies") == "up/none");
}

TEST_CASE("what we may not look at or listen to is said, and the rest is judged") {
  Scene scene;
  scene.refused = "celery-task-meta-*";
  CHECK(evidence(scene.run(), "not heard") == "celery-task-meta-*");
  CelerySight sight;
  sight.queues.lengths = {0};
  sight.peers_refused = {Reason::permission, "NOPERM"};
  sight.rounds.push_back({"ping", scene.now.steady, 1, {{"t", "w1", "{}"}}});
  const auto result = scene.judge.judge(sight, scene.news, {scene.now.steady}, scene.now);
  CHECK(check(result, "clients") == "unknown/permission");
  CHECK(check(result, "replies") == "up/none");
  CHECK(evidence(result, "celery") == "5.2.6");
}
