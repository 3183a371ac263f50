#include "daemon/levers.hpp"

#include <catch2/catch_test_macros.hpp>
#include <ctime>

#include "daemon/control.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

const Levers::Time noon = Levers::Time{} + 480000h;

const LabelMap redis_down{
    {"alertname", "RedisDown"}, {"component", "redis"}, {"probe", "broker"}, {"severity", "critical"}};
const LabelMap disk_lost{{"alertname", "HealthdStateNotKept"},
                         {"component", "healthd"},
                         {"probe", "healthd"},
                         {"severity", "warning"}};

MaintenanceConfig window(const char* schedule, Duration duration) {
  MaintenanceConfig made;
  made.name = "nightly";
  made.schedule = Cron::parse(schedule).value();
  made.duration = duration;
  made.utc = true;
  return made;
}

}  // namespace

TEST_CASE("a silence holds what all its matchers fit, until it ends") {
  Levers levers;
  const auto added =
      levers.add_silence({{"alertname", "~Redis.*"}, {"probe", "broker"}}, 1h, "ann", "deploy", noon);
  REQUIRE(added.ok());
  CHECK(levers.holds(redis_down, noon) == "silence " + added.id + " by ann: deploy");
  auto other = redis_down;
  other["probe"] = "cache";
  CHECK(levers.holds(other, noon).empty());
  CHECK(levers.holds(redis_down, noon + 1h).empty());
  CHECK(levers.on(noon + 59min).empty());
  CHECK(levers.on(noon + 1h) == std::vector<std::string>{"silence " + added.id + " by ann: deploy"});
  CHECK(levers.silences().empty());
}

TEST_CASE("what is no silence is refused with the reason") {
  Levers levers;
  CHECK(levers.add_silence({}, 1h, "ann", "", noon).error.find("at least one label=value") !=
        std::string::npos);
  CHECK(levers.add_silence({{"alertname", "~("}}, 1h, "ann", "", noon).error.find("no regular expression") ==
        0);
  CHECK_FALSE(levers.add_silence({{"alertname", "x"}}, 0s, "ann", "", noon).ok());
  CHECK_FALSE(levers.add_silence({{"alertname", "x"}}, 24h * 31, "ann", "", noon).ok());
  CHECK_FALSE(levers.expire_silence("s000000").ok());
  for (int i = 0; i < 256; ++i) REQUIRE(levers.add_silence({{"alertname", "x"}}, 1h, "ann", "", noon).ok());
  CHECK_FALSE(levers.add_silence({{"alertname", "x"}}, 1h, "ann", "", noon).ok());
}

TEST_CASE("a silence that fits what lacks its label is refused, for it would mute nearly everything") {
  Levers levers;
  CHECK_FALSE(levers.add_silence({{"worker", ""}}, 1h, "ann", "", noon).ok());
  CHECK_FALSE(levers.add_silence({{"alertname", "~.*"}, {"probe", "~a?"}}, 1h, "ann", "", noon).ok());
  const auto without_worker = levers.add_silence({{"worker", ""}, {"probe", "broker"}}, 1h, "ann", "", noon);
  REQUIRE(without_worker.ok());
  CHECK_FALSE(levers.holds(redis_down, noon).empty());
  auto of_worker = redis_down;
  of_worker["worker"] = "w1";
  CHECK(levers.holds(of_worker, noon).empty());
}

TEST_CASE("a silence of a label that no alert has is refused, for it would hold nothing back") {
  Levers levers;
  const auto misspelt = levers.add_silence({{"alert", "RedisDown"}}, 1h, "ann", "", noon);
  CHECK(misspelt.error.find("no alert has a label \"alert\"; there are alertname stack") == 0);
  CHECK_FALSE(levers.add_silence({{"probe", "app"}, {"env", "~prod.*"}}, 1h, "ann", "", noon).ok());
  for (const auto* label : {"alertname", "stack", "component", "probe", "severity", "queue", "worker",
                            "check", "slot", "receiver", "collector"})
    CHECK(levers.add_silence({{label, "x"}}, 1h, "ann", "", noon).ok());
}

TEST_CASE("an expression that is too large to be matched is refused when it is given") {
  Levers levers;
  CHECK_FALSE(levers.add_silence({{"alertname", "~((a{100}){100}){100}"}}, 1h, "ann", "", noon).ok());
  LabelMap many;
  for (int i = 0; i < 33; ++i) many["label" + std::to_string(i)] = "x";
  CHECK_FALSE(levers.add_silence(many, 1h, "ann", "", noon).ok());
}

TEST_CASE("what people write about a lever stays one line of bounded length") {
  Levers levers;
  REQUIRE(
      levers.add_silence({{"alertname", "x"}}, 1h, "ann\x1b[2J", "two\nlines" + std::string(2000, 'x'), noon)
          .ok());
  CHECK(levers.silences().at(0).author == "ann [2J");
  CHECK(levers.silences().at(0).comment.starts_with("two linesx"));
  CHECK(levers.silences().at(0).comment.size() == 512);
}

TEST_CASE("maintenance holds the parts that it names, and never what the daemon says of itself") {
  Levers levers;
  const auto all = levers.start_maintenance(10min, "upgrade", "ann", {}, noon);
  CHECK(levers.holds(redis_down, noon) == "maintenance " + all.id + " by ann: upgrade");
  CHECK(levers.holds(disk_lost, noon).empty());
  CHECK(levers.end_maintenance("").ok());
  REQUIRE(levers.start_maintenance(10min, "", "ann", {"postgres"}, noon).ok());
  CHECK(levers.holds(redis_down, noon).empty());
  CHECK_FALSE(levers.end_maintenance("m000000").ok());
}

TEST_CASE("a window of the schedule opens, and is told when it closes") {
  Levers levers{{window("0 2 * * *", 1h)}};
  const auto day = std::chrono::floor<std::chrono::days>(noon);
  CHECK(levers.holds(redis_down, day + 2h).find("maintenance nightly") == 0);
  CHECK_FALSE(levers.holds(redis_down, day + 2h + 59min).empty());
  CHECK(levers.holds(redis_down, day + 3h).empty());
  CHECK(levers.holds(redis_down, day + 1h + 59min).empty());
  levers.on(day + 2h);
  CHECK(levers.open_windows(day + 2h + 1min) == std::vector<std::string>{"nightly"});
  CHECK(levers.on(day + 3h) == std::vector<std::string>{"maintenance nightly"});
}

TEST_CASE("a window in local time moves with the clocks of the place") {
  const char* before = std::getenv("TZ");
  const std::string saved = before == nullptr ? "" : before;
  ::setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
  ::tzset();
  auto local = window("0 4 * * *", 30min);
  local.utc = false;
  const Levers levers{{local}};
  // 2026-07-01 and 2026-12-01, both at 04:10 in Berlin.
  CHECK_FALSE(levers.holds(redis_down, Levers::Time{std::chrono::seconds{1782871800}}).empty());
  CHECK_FALSE(levers.holds(redis_down, Levers::Time{std::chrono::seconds{1796094600}}).empty());
  CHECK(levers.holds(redis_down, Levers::Time{std::chrono::seconds{1796094600 - 3600}}).empty());
  if (saved.empty()) ::unsetenv("TZ");
  if (!saved.empty()) ::setenv("TZ", saved.c_str(), 1);
  ::tzset();
}

TEST_CASE("levers outlive the process") {
  Levers before;
  const auto silence = before.add_silence({{"alertname", "~RedisD.*"}}, 1h, "ann", "deploy", noon);
  const auto ended = before.add_silence({{"alertname", "x"}}, 1h, "ann", "", noon);
  before.start_maintenance(1h, "upgrade", "bob", {"postgres"}, noon);
  before.expire_silence(ended.id);
  Levers after;
  int rows = 0;
  for (const auto& [id, body] : before.take_changed()) {
    if (!body) continue;
    ++rows;
    CHECK(after.restore(*body));
  }
  CHECK(rows == 2);
  CHECK(after.holds(redis_down, noon) == "silence " + silence.id + " by ann: deploy");
  CHECK(after.holds(disk_lost, noon).empty());
  CHECK(after.maintenances().at(0).components == std::vector<std::string>{"postgres"});
  CHECK_FALSE(after.restore("{}"));
  CHECK(before.take_changed().empty());
}

namespace {

struct Desk {
  Levers levers;
  std::vector<Incident> open;
  std::string acknowledged;
  int changes = 0;
  LeverHost host{levers, [this] { return open; },
                 [this](const auto& id, const auto& by, const auto& comment) {
                   acknowledged = id + " " + by + " " + comment;
                 },
                 [] { return std::string{"all is well\n"}; }, [this] { ++changes; }};
  std::string ask(const std::string& request) { return answer_control(host, request, "ann", noon); }
};

Incident incident(const std::string& id, const std::string& alert) {
  Incident made;
  made.id = id;
  made.title = alert + ": words";
  made.members.resize(1);
  made.members[0].alert.labels = {{"alertname", alert}};
  return made;
}

}  // namespace

TEST_CASE("whoever asks over the socket is the author, unless the request names one") {
  Desk desk;
  CHECK(desk.ask(R"({"verb":"silence_add","matchers":{"alertname":"RedisDown"},"seconds":60})")
            .find("\"ok\":true") != std::string::npos);
  CHECK(desk.ask(R"({"verb":"maintenance_start","seconds":60,"author":"bob"})").find("\"ok\":true") !=
        std::string::npos);
  CHECK(desk.levers.silences().at(0).author == "ann");
  CHECK(desk.levers.maintenances().at(0).author == "bob");
  CHECK(desk.changes == 2);
}

TEST_CASE("maintenance of a part that does not exist is refused, not kept in vain") {
  Desk desk;
  CHECK(desk.ask(R"({"verb":"maintenance_start","seconds":60,"components":["postgre"]})") ==
        R"({"error":"no component is named postgre","ok":false})");
  CHECK(desk.ask(R"({"verb":"maintenance_start","seconds":60,"components":[7]})").find("\"ok\":false") !=
        std::string::npos);
  CHECK(desk.levers.maintenances().empty());
  desk.ask(R"({"verb":"maintenance_start","seconds":60,"components":["redis","redis"]})");
  CHECK(desk.levers.maintenances().at(0).components == std::vector<std::string>{"redis"});
}

TEST_CASE("an acknowledgement finds its incident, or says what there is") {
  Desk desk;
  CHECK(desk.ask(R"({"verb":"ack"})").find("no incident is open") != std::string::npos);
  desk.open = {incident("1", "RedisDown"), incident("2", "PostgresDown")};
  CHECK(desk.ask(R"({"verb":"ack"})").find("several incidents are open") != std::string::npos);
  CHECK(desk.ask(R"({"verb":"ack","incident":"Nothing"})").find("open are:") != std::string::npos);
  CHECK(desk.ask(R"({"verb":"ack","incident":"PostgresDown","comment":"on it"})").find("\"ok\":true") !=
        std::string::npos);
  CHECK(desk.acknowledged == "2 ann on it");
}

TEST_CASE("what is no request is answered, not obeyed") {
  Desk desk;
  for (const auto* request :
       {"", "no JSON", "[]", "{}", R"({"verb":"dance"})", R"({"verb":7})",
        R"({"verb":"silence_add","matchers":{"a":1},"seconds":60})",
        R"({"verb":"silence_add","matchers":["a"],"seconds":"60"})", "{\"verb\":\"\xff\"}"})
    CHECK(desk.ask(request).find("\"ok\":false") != std::string::npos);
  CHECK(desk.changes == 0);
}

}  // namespace healthd
