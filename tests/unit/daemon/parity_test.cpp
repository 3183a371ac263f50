// The daemon and Prometheus judge alike: for each alert of the catalogue the same story is told to the engine
// and, as series, to `promtool test rules` with the rules that we generate. Both must raise the same alerts
// with the same labels. What explains what is Alertmanager's business there, so what the engine holds back
// counts as raised.
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "daemon/alert_engine.hpp"
#include "daemon/rules.hpp"
#include "exporters/embedded.hpp"
#include "exporters/runbooks.hpp"
#include "tests/unit/daemon/parity_scenarios.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;
using namespace test;
using LabelSet = std::map<std::string, std::string>;

constexpr int step = 15;
const Moment begin{std::chrono::steady_clock::time_point{} + 1h, std::chrono::system_clock::time_point{}};

Moment at(int seconds) {
  return {begin.steady + std::chrono::seconds{seconds}, begin.wall + std::chrono::seconds{seconds}};
}

std::vector<AlertRule> catalogue() {
  Problems problems;
  return load_alert_rules(built_in_alerts(), "alerts.yaml", problems);
}

WatchedProbe watched(const Scenario& scenario) {
  WatchedProbe made;
  made.name = scenario.probe;
  made.stack = "test";
  made.component = scenario.component;
  made.kind = scenario.kind;
  made.target = "here";
  made.interval = 15s;
  made.timeout = 5s;
  return made;
}

Outcome outcome_at(const Scenario& scenario, int seconds) {
  Outcome made;
  made.probe = scenario.probe;
  made.result = scenario.result(seconds);
  made.at = at(seconds).wall;
  made.steady_at = at(seconds).steady;
  made.took =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(scenario.took));
  return made;
}

/// What the engine has raised after so long.
std::set<LabelSet> raised(const std::vector<Scenario>& probes, int minutes) {
  std::vector<WatchedProbe> all;
  for (const auto& scenario : probes) all.push_back(watched(scenario));
  AlertEngine engine{catalogue(), all, {}, begin};
  for (int seconds = 0; seconds <= 60 * minutes; seconds += step) {
    for (const auto& scenario : probes)
      if (seconds <= scenario.silent_after) engine.on(outcome_at(scenario, seconds));
    for (int second = 0; second < step; second += 3) engine.on(at(seconds + second));
  }
  std::set<LabelSet> labels;
  for (const auto& alert : engine.alerts())
    if (alert.state == AlertState::firing || alert.state == AlertState::suppressed)
      labels.insert(alert.labels);
  return labels;
}

/// The series of one scenario: name with labels, and a value for each step, NaN where there is none.
class Series {
 public:
  explicit Series(int steps) : steps_{steps} {}

  void add(const Scenario& scenario, int index, int seconds) {
    const auto outcome = outcome_at(scenario, std::min(seconds, scenario.silent_after / step * step));
    const auto& result = outcome.result;
    if (scenario.component != "healthd") add_probe(scenario, index, seconds, result);
    for (const auto& sample : result.samples) put(scenario, sample.name, sample.labels, index, sample.value);
    for (const auto& [name, histogram, labels] : result.histograms)
      for (std::size_t i = 0; i < histogram.bounds.size(); ++i)
        put(scenario, name + "_bucket", {{"le", number(histogram.bounds[i])}}, index,
            static_cast<double>(histogram.counts[i]));
    for (const auto& [name, histogram, labels] : result.histograms)
      put(scenario, name + "_bucket", {{"le", "+Inf"}}, index, static_cast<double>(histogram.total));
  }

  nlohmann::json json() const {
    auto list = nlohmann::json::array();
    for (const auto& [name, values] : values_) {
      std::string text;
      for (const double value : values)
        text += (text.empty() ? "" : " ") + (std::isnan(value) ? "_" : number(value));
      list.push_back({{"series", name}, {"values", text}});
    }
    return list;
  }

 private:
  static std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.12g", value);
    return text;
  }

  void put(const Scenario& scenario, const std::string& name, Labels labels, int index, double value) {
    if (scenario.component != "healthd")
      labels.insert(labels.end(), {{"stack", "test"},
                                   {"probe", scenario.probe},
                                   {"component", scenario.component},
                                   {"kind", scenario.kind}});
    labels.insert(labels.end(), {{"instance", "host:9848"}, {"job", "superset-healthd"}});
    std::string text;
    for (const auto& [label, content] : labels)
      text += std::string{text.empty() ? "" : ","} + label + "=" + nlohmann::json(content).dump();
    auto& values = values_[name + "{" + text + "}"];
    values.resize(static_cast<std::size_t>(steps_), std::nan(""));
    values[static_cast<std::size_t>(index)] = value;
  }

  void add_probe(const Scenario& scenario, int index, int seconds, const ProbeResult& result) {
    const auto last = std::min(seconds, scenario.silent_after / step * step);
    const bool down = result.status == Status::down;
    put(scenario, "healthd_probe_interval_seconds", {}, index, 15);
    put(scenario, "healthd_probe_timeout_seconds", {}, index, 5);
    if (result.status != Status::unknown) {
      put(scenario, "healthd_probe_success", {}, index, down ? 0 : 1);
      put(scenario,
          std::string{"healthd_probe_last_"} + (down ? "failure" : "success") + "_timestamp_seconds", {},
          index, last);
    }
    if (result.reason != Reason::none)
      put(scenario, "healthd_probe_reason",
          {{"check", ""}, {"reason", std::string{to_string(result.reason)}}}, index, 1);
    for (const auto& check : result.checks) {
      if (check.status == Status::up || check.status == Status::down)
        put(scenario, "healthd_probe_check_success", {{"check", check.name}}, index,
            check.status == Status::up);
      if (check.reason != Reason::none)
        put(scenario, "healthd_probe_reason",
            {{"check", check.name}, {"reason", std::string{to_string(check.reason)}}}, index, 1);
    }
    for (const double bound : {0.1, 0.5, 1.0, 2.0, 5.0, 10.0})
      put(scenario, "healthd_probe_duration_seconds_bucket", {{"le", number(bound)}}, index,
          scenario.took <= bound ? last / step + 1 : 0);
    put(scenario, "healthd_probe_duration_seconds_bucket", {{"le", "+Inf"}}, index, last / step + 1);
  }

  int steps_;
  std::map<std::string, std::vector<double>> values_;
};

nlohmann::json test_of(const std::string& name, const std::vector<Scenario>& probes, int minutes) {
  const int steps = 60 * minutes / step + 1;
  Series series{steps};
  for (const auto& scenario : probes)
    for (int index = 0; index < steps; ++index) series.add(scenario, index, index * step);
  auto input = series.json();
  input.push_back({{"series", "up{instance=\"host:9848\",job=\"superset-healthd\"}"},
                   {"values", "1x" + std::to_string(steps)}});
  auto expected = nlohmann::json::array();
  for (auto labels : raised(probes, minutes)) {
    std::string text = "ALERTS{alertstate=\"firing\"";
    for (const auto& [label, value] : labels) text += "," + label + "=" + nlohmann::json(value).dump();
    expected.push_back({{"labels", text + "}"}, {"value", 1}});
  }
  return {{"name", name},
          {"interval", "15s"},
          {"input_series", input},
          {"promql_expr_test",
           {{{"expr", "ALERTS{alertstate=\"firing\"}"},
             {"eval_time", std::to_string(minutes) + "m"},
             {"exp_samples", expected}}}}};
}

Scenario watchdog() {
  for (const auto& scenario : scenarios())
    if (scenario.alert == "HealthdWatchdog") return scenario;
  throw std::runtime_error{"no watchdog"};
}

std::vector<Scenario> with_watchdog(std::vector<Scenario> probes) {
  if (std::ranges::none_of(probes, [](const Scenario& each) { return each.component == "healthd"; }))
    probes.push_back(watchdog());
  return probes;
}

int minutes_of(const Scenario& scenario) {
  if (scenario.minutes > 0) return scenario.minutes;
  const auto rules = catalogue();
  const auto rule = std::ranges::find(rules, scenario.alert, &AlertRule::name);
  return static_cast<int>(std::chrono::ceil<std::chrono::minutes>(rule->hold).count()) + 5;
}

class Folder {
 public:
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "healthd-parity-XXXXXX";
    path = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path;
};

RulesContext context() {
  RulesContext made;
  made.stack = "test";
  made.runbook_base_url = "http://here/runbooks";
  return made;
}

std::string run(const std::string& command, int& code) {
  std::string out;
  auto* pipe = ::popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  char bytes[4096];
  while (const auto count = std::fread(bytes, 1, sizeof bytes, pipe)) out.append(bytes, count);
  code = ::pclose(pipe);
  return out;
}

std::string steps_of(const std::string& runbook) {
  const auto page = std::ranges::find(embedded_runbooks(), runbook, &EmbeddedFile::slug);
  return page == embedded_runbooks().end() ? "" : first_steps(page->markdown);
}

/// HEALTHD_WRITE_RULES=1 writes the file anew instead, for whoever changed the catalogue.
void compare(const std::string& path, const std::string& wanted) {
  if (std::getenv("HEALTHD_WRITE_RULES") != nullptr) std::ofstream{path} << wanted;
  std::ifstream stream{path};
  const std::string found{std::istreambuf_iterator<char>{stream}, {}};
  INFO(path << " differs from what the catalogue says; HEALTHD_WRITE_RULES=1 writes it anew");
  CHECK((found == wanted));
}

}  // namespace

TEST_CASE("every alert of the catalogue has a scenario in which the engine raises it") {
  std::set<std::string> told;
  for (const auto& scenario : scenarios()) {
    CAPTURE(scenario.alert);
    told.insert(scenario.alert);
    const auto labels = raised(with_watchdog({scenario}), minutes_of(scenario));
    const auto is_it = [&](const LabelSet& each) { return each.at("alertname") == scenario.alert; };
    const auto found = std::ranges::find_if(labels, is_it);
    REQUIRE(found != labels.end());
    CHECK(std::ranges::count_if(labels, is_it) == 1);
    const auto rules = catalogue();
    const auto rule = std::ranges::find(rules, scenario.alert, &AlertRule::name);
    if (!rule->label.empty()) CHECK(found->at(rule->label) == scenario.label_value);
  }
  for (const auto& rule : catalogue()) {
    CAPTURE(rule.name);
    CHECK((rule.prometheus_only || told.contains(rule.name)));
  }
}

TEST_CASE("a stack that is well raises the watchdog alone") {
  const auto labels = raised(with_watchdog(baseline()), 120);
  REQUIRE(labels.size() == 1);
  CHECK(labels.begin()->at("alertname") == "HealthdWatchdog");
}

TEST_CASE("Prometheus raises the same alerts with the same labels, by the rules that we generate") {
  const Folder folder;
  {
    std::ofstream{folder.path + "/rules.yml"} << prometheus_rules(catalogue(), context());
  }
  auto tests = nlohmann::json::array();
  for (const auto& scenario : scenarios())
    tests.push_back(test_of(scenario.alert, with_watchdog({scenario}), minutes_of(scenario)));
  tests.push_back(test_of("all is well", with_watchdog(baseline()), 120));
  // Nobody who is down can say so: this one is Prometheus' alone.
  tests.push_back(
      {{"name", "HealthdDown"},
       {"interval", "15s"},
       {"input_series",
        {{{"series", "up{instance=\"host:9848\",job=\"superset-healthd\"}"}, {"values", "0x100"}}}},
       {"promql_expr_test",
        {{{"expr", "ALERTS{alertstate=\"firing\",alertname=\"HealthdDown\"}"},
          {"eval_time", "10m"},
          {"exp_samples",
           {{{"labels",
              "ALERTS{alertname=\"HealthdDown\",alertstate=\"firing\",component=\"healthd\",instance=\"host:"
              "9848\",job=\"superset-healthd\",probe=\"healthd\",severity=\"critical\",stack=\"test\"}"},
             {"value", 1}}}}}}}});
  const nlohmann::json file{{"rule_files", {"rules.yml"}}, {"evaluation_interval", "15s"}, {"tests", tests}};
  {
    std::ofstream{folder.path + "/tests.yml"} << file.dump(1);
  }
  int code = 0;
  const auto said = run("promtool test rules " + folder.path + "/tests.yml", code);
  INFO(said);
  CHECK(code == 0);
}

TEST_CASE("the rule files in the repository are those of the plain catalogue, and both tools accept them") {
  const std::string folder = std::string{HEALTHD_SOURCE_DIR} + "/ops/prometheus/";
  // Of no site: they leave out no probe by its name, and keep every threshold.
  auto sample = context();
  sample.stack = "production";
  sample.runbook_base_url = "https://ops.example.com/healthd/runbooks";
  auto rules = catalogue();
  for (auto& rule : rules) rule.first_steps = steps_of(rule.runbook);
  compare(folder + "superset-healthd.rules.yml", prometheus_rules(rules, sample));
  compare(folder + "inhibit-rules.yml", alertmanager_rules(rules));
  int code = 0;
  INFO(run("promtool check rules --lint=all --lint-fatal " + folder + "superset-healthd.rules.yml", code));
  CHECK(code == 0);
  const Folder own;
  {
    std::ofstream{own.path + "/alertmanager.yml"}
        << "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
        << alertmanager_rules(catalogue());
  }
  INFO(run("amtool check-config " + own.path + "/alertmanager.yml", code));
  CHECK(code == 0);
}

}  // namespace healthd
