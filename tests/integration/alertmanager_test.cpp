// The notifier against a real Alertmanager: what it stores is what we meant.
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "exporters/text.hpp"
#include "probes/net/dial.hpp"
#include "probes/net/http.hpp"
#include "tests/support/process.hpp"
#include "tests/unit/exporters/notifier_bench.hpp"

namespace healthd::test {
namespace {

using nlohmann::json;

class AlertmanagerServer {
 public:
  AlertmanagerServer() : port_{free_port()} {
    const auto config = folder_.path() / "alertmanager.yml";
    std::ofstream{config} << "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n";
    Command command;
    command.argv = {"/usr/bin/prometheus-alertmanager", "--config.file=" + config.string(),
                    "--storage.path=" + (folder_.path() / "data").string(),
                    "--web.listen-address=127.0.0.1:" + std::to_string(port_), "--cluster.listen-address="};
    command.log = folder_.path() / "log";
    process_ = Process{command};
    if (!wait_until([this] { return get("/-/ready").status == 200; }))
      throw std::runtime_error{"Alertmanager did not start"};
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  /// What it holds as active, by alert name.
  std::map<std::string, json> active() const {
    std::map<std::string, json> alerts;
    for (const auto& alert : json::parse(get("/api/v2/alerts").body))
      alerts[alert["labels"]["alertname"].get<std::string>()] = alert;
    return alerts;
  }

 private:
  static asio::awaitable<HttpResponse> ask(Resolver& resolver, Endpoint endpoint, std::string path) {
    Trace trace;
    auto connection = co_await dial(resolver, trace, endpoint, nullptr);
    if (!connection.stream) co_return HttpResponse{};
    HttpRequest request;
    request.target = path;
    request.host = to_string(endpoint);
    auto response = co_await http_exchange(*connection.stream, trace, std::move(request));
    co_return response ? *response : HttpResponse{};
  }

  HttpResponse get(const std::string& path) const {
    boost::asio::io_context loop;
    Resolver resolver{loop.get_executor()};
    Endpoint endpoint;
    endpoint.host = "127.0.0.1";
    endpoint.port = port_;
    return run(loop, ask(resolver, endpoint, path));
  }

  TempDir folder_;
  std::uint16_t port_;
  Process process_;
};

std::string urls(const std::string& url) { return "urls: [\"" + url + "\"]\n"; }

}  // namespace

TEST_CASE("Alertmanager holds a firing alert with its runbook link, and lets go of it when it is resolved") {
  const AlertmanagerServer server;
  NotifierBench bench{make_alertmanager, urls(server.url())};
  const auto alert = firing();

  REQUIRE(bench.send({alert}).kind == Delivery::Kind::sent);
  const auto held = server.active();
  REQUIRE(held.contains("PostgresDown"));
  const auto& shown = held.at("PostgresDown");
  CHECK(shown["labels"] == json(alert.labels));
  CHECK(shown["annotations"]["runbook_url"] == "https://ops.example.com/runbooks/pg");
  CHECK(shown["generatorURL"] == alert.generator_url);
  CHECK(shown["startsAt"] == rfc3339(alert.starts_at));

  REQUIRE(bench.send({resolved()}).kind == Delivery::Kind::sent);
  CHECK(wait_until([&] { return server.active().empty(); }));
}

TEST_CASE("an alert that began and ended in the same instant is accepted") {
  const AlertmanagerServer server;
  NotifierBench bench{make_alertmanager, urls(server.url())};
  auto alert = resolved();
  alert.starts_at = *alert.ends_at;

  CHECK(bench.send({alert}).kind == Delivery::Kind::sent);
}

TEST_CASE("one alert that Alertmanager refuses keeps no other from it") {
  const AlertmanagerServer server;
  NotifierBench bench{make_alertmanager, urls(server.url())};
  auto bad = firing("Bad");
  bad.labels["not-a-label-name"] = "x";

  const auto answers = bench.tell({{.alert = firing("First")}, {.alert = bad}, {.alert = firing("Last")}});

  REQUIRE(answers.size() == 3);
  CHECK(answers[0].kind == Delivery::Kind::sent);
  CHECK(answers[1].kind == Delivery::Kind::rejected);
  CHECK(answers[2].kind == Delivery::Kind::sent);
  const auto held = server.active();
  CHECK(held.contains("First"));
  CHECK(held.contains("Last"));
  CHECK_FALSE(held.contains("Bad"));
}

TEST_CASE("broken text in an annotation is no reason to lose an alert") {
  const AlertmanagerServer server;
  NotifierBench bench{make_alertmanager, urls(server.url())};
  auto alert = firing();
  alert.annotations["evidence"] = "\xff\x00\x1b[31m\n" + std::string(2'000'000, '\xc3');
  alert.generator_url = "nonsense";

  CHECK(bench.send({alert}).kind == Delivery::Kind::sent);
  CHECK(server.active().contains("PostgresDown"));
}

}  // namespace healthd::test
