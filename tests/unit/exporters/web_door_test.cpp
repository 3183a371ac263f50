#include "exporters/web_door.hpp"

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "probes/net/base64.hpp"
#include "running_server.hpp"
#include "tests/support/process.hpp"
#include "web_client.hpp"

using namespace healthd;
using namespace healthd::test;

namespace {

const std::string hash = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
const std::string users_file = "basic_auth_users: {alice: \"" + hash + "\"}\n";

asio::awaitable<WebResponse> secret_page(const WebRequest& request) {
  WebResponse response;
  response.body = "inside " + request.path;
  co_return response;
}

std::string login(const std::string& pair) { return "Authorization: Basic " + base64_encode(pair) + "\r\n"; }

std::string request(const std::string& path, const std::string& more = "",
                    const std::string& host = "localhost") {
  return "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n" + more + "\r\n";
}

/// A server behind a door; the web file can be written anew.
struct House {
  explicit House(const std::string& text = "") {
    if (!text.empty()) write(text);
    first = load_web_access(text.empty() ? "" : path());
    REQUIRE_FALSE(first->problems.has_errors());
    door = std::make_shared<WebDoor>(
        WebDoorParts{.path = text.empty() ? "" : path(),
                     .first = first,
                     .hosts = AllowedHosts{{"127.0.0.1", 9848}, "", {}},
                     .workers = pool.get_executor(),
                     .hashers = pool.get_executor(),
                     .refused = [this](unsigned) { ++refused; },
                     .reloaded = [this](const Problems&, bool taken) { ++(taken ? taken_up : left); },
                     .throttled = {}});
    server = std::make_unique<RunningServer>(door->guard(secret_page), WebLimits{},
                                             std::function<void(unsigned)>{}, door->front());
  }

  std::string path() const { return (folder.path() / "web.yml").string(); }
  void write(const std::string& text) const { std::ofstream{path()} << text; }

  std::string get(const std::string& text) const {
    WebClient client{server->port()};
    client.send(text);
    return client.response();
  }

  TempDir folder;
  std::shared_ptr<const WebAccess> first;
  std::atomic<int> refused = 0, taken_up = 0, left = 0;
  asio::io_context own_loop{1};
  asio::thread_pool pool{1};
  std::shared_ptr<WebDoor> door;
  std::unique_ptr<RunningServer> server;
};

bool has(const std::string& response, int status) {
  return response.starts_with("HTTP/1.1 " + std::to_string(status) + " ");
}

}  // namespace

TEST_CASE("without a web file everybody on this host gets every page") {
  const House house;
  CHECK(has(house.get(request("/metrics")), 200));
}

TEST_CASE("with users every page needs a login, except the one for a supervisor") {
  const House house{users_file};
  for (const char* path : {"/", "/metrics", "/-/ready", "/api/v1/status", "/runbooks/", "/nothing",
                           "/-/healthy/", "/-/healthy/../metrics", "//-/healthy"}) {
    INFO(path);
    const auto response = house.get(request(path));
    CHECK(has(response, 401));
    CHECK(field(response, "WWW-Authenticate") == "Basic realm=\"superset-healthd\", charset=\"UTF-8\"");
    CHECK(response.find("inside") == std::string::npos);
    CHECK(has(house.get(request(path, login("alice:correct horse"))), 200));
    CHECK(has(house.get(request(path, login("alice:wrong"))), 401));
  }
  CHECK(has(house.get(request("/-/healthy")), 200));
  CHECK(house.refused > 0);
}

TEST_CASE("a foreign name is turned away before anything else, a malformed one is a bad request") {
  const House house{users_file};
  CHECK(has(house.get(request("/-/healthy", "", "evil.example")), 421));
  CHECK(has(house.get(request("/", login("alice:correct horse"), "evil.example:9848")), 421));
  CHECK(has(house.get(request("/", login("alice:correct horse"), "local/host")), 400));
  CHECK(has(house.get(request("/", login("alice:correct horse"), "LOCALHOST.:80")), 200));
}

TEST_CASE("a changed web file is taken up, and a broken one leaves everything as it was") {
  House house{users_file};
  const auto reloaded = [&house] {
    auto work = house.door->reload();
    return asio::co_spawn(house.server->executor(), std::move(work), asio::use_future).get();
  };
  house.write("basic_auth_users: {bob: \"" + hash +
              "\"}\nhttp_server_config: {headers: {X-Frame-Options: DENY}}\n");
  CHECK(reloaded());
  CHECK(has(house.get(request("/", login("alice:correct horse"))), 401));
  const auto response = house.get(request("/", login("bob:correct horse")));
  CHECK(has(response, 200));
  CHECK(field(response, "X-Frame-Options") == "DENY");

  house.write("basic_auth_users: {bob: nonsense}\n");
  CHECK_FALSE(reloaded());
  CHECK(has(house.get(request("/", login("bob:correct horse"))), 200));
  CHECK(house.taken_up == 1);
  CHECK(house.left == 1);
}

TEST_CASE("changes of the files are noticed without being told") {
  House house{users_file};
  auto& loop = house.own_loop;
  asio::co_spawn(loop, house.door->watch(std::chrono::milliseconds{10}), [](std::exception_ptr) {});
  loop.run_for(std::chrono::milliseconds{100});
  CHECK(house.taken_up == 0);
  house.write("http_server_config: {headers: {X-Frame-Options: DENY}}\n");
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{5};
  while (house.taken_up == 0 && std::chrono::steady_clock::now() < until)
    loop.run_for(std::chrono::milliseconds{10});
  CHECK(house.taken_up == 1);
  CHECK(house.door->front().fields() == WebFields{{"X-Frame-Options", "DENY"}});
}

TEST_CASE("an address is insecure where others reach it without TLS or without a login") {
  WebFile tls_only, both, users_only, certificates;
  users_only.users["a"] = both.users["a"] = hash;
  tls_only.tls.emplace();
  both.tls.emplace();
  certificates.tls.emplace().client_auth = ClientAuth::require_and_verify;
  for (const char* host : {"", "0.0.0.0", "192.0.2.1", "::", "2001:db8::1"}) {
    INFO(host);
    CHECK(is_insecure({host, 1}, WebFile{}));
    CHECK(is_insecure({host, 1}, users_only));
    CHECK(is_insecure({host, 1}, tls_only));
    CHECK_FALSE(is_insecure({host, 1}, both));
    CHECK_FALSE(is_insecure({host, 1}, certificates));
  }
  CHECK_FALSE(is_insecure({"127.0.0.1", 1}, WebFile{}));
  CHECK_FALSE(is_insecure({"::1", 1}, WebFile{}));
}
