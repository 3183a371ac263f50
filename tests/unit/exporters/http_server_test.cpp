#include "exporters/http_server.hpp"

#include <sys/resource.h>

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <list>
#include <stdexcept>

#include "running_server.hpp"
#include "web_client.hpp"

using namespace healthd;
using namespace healthd::test;
using namespace std::chrono_literals;

namespace {

asio::awaitable<WebResponse> say_path(const WebRequest& request) {
  WebResponse response;
  response.body = "path " + request.path + " query " + request.query;
  co_return response;
}

asio::awaitable<WebResponse> break_down(const WebRequest& request) {
  if (request.path == "/bug") throw std::logic_error{"secret detail"};
  return say_path(request);
}

asio::awaitable<WebResponse> say_much(const WebRequest& request) {
  WebResponse response;
  response.body.assign(request.path == "/much" ? 64U << 20U : 2U, 'x');
  co_return response;
}

asio::awaitable<WebResponse> think(const WebRequest& /*request*/) {
  asio::steady_timer timer{co_await asio::this_coro::executor, 300ms};
  co_await timer.async_wait(asio::use_awaitable);
  co_return WebResponse{};
}

bool has_status(const std::string& response, int status) {
  return response.starts_with("HTTP/1.1 " + std::to_string(status) + " ");
}

std::string answer(const RunningServer& server, std::string_view request) {
  WebClient client{server.port()};
  client.send(request);
  return client.response();
}

}  // namespace

TEST_CASE("a page is served with the headers that keep a browser safe") {
  RunningServer server{say_path};
  const std::string response = answer(server, get("/metrics?a=b?c"));
  CHECK(has_status(response, 200));
  CHECK(body(response) == "path /metrics query a=b?c");
  CHECK(field(response, "Content-Type") == "text/plain; charset=utf-8");
  CHECK(field(response, "Content-Security-Policy") ==
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'");
  CHECK(field(response, "X-Content-Type-Options") == "nosniff");
  CHECK(field(response, "Referrer-Policy") == "no-referrer");
  CHECK(field(response, "Cache-Control") == "no-store");
  CHECK(field(response, "Cross-Origin-Resource-Policy") == "same-origin");
}

TEST_CASE("HEAD gets the header of GET and no body, and the connection stays usable") {
  RunningServer server{say_path};
  WebClient client{server.port()};
  client.send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string head = client.response(true);
  CHECK(has_status(head, 200));
  CHECK(field(head, "Content-Length") == "14");
  client.send(get("/a"));
  CHECK(body(client.response()) == "path /a query ");
}

TEST_CASE("one connection carries many requests, also sent ahead of their answers") {
  RunningServer server{say_path};
  WebClient client{server.port()};
  client.send(get("/1") + get("/2") + get("/3").substr(0, 10));
  CHECK(body(client.response()) == "path /1 query ");
  CHECK(body(client.response()) == "path /2 query ");
  client.send(get("/3").substr(10));
  CHECK(body(client.response()) == "path /3 query ");
}

TEST_CASE("a client that asks to close, and one of HTTP/1.0, is served and then closed") {
  RunningServer server{say_path};
  for (const char* request :
       {"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"}) {
    WebClient client{server.port()};
    client.send(request);
    CHECK(body(client.rest()) == "path / query ");
  }
}

TEST_CASE("what is no simple GET is refused with a status and a line that says why, and counted") {
  std::atomic<unsigned> last_refused{0};
  RunningServer server{say_path, {}, [&](unsigned status) { last_refused = status; }};
  const struct {
    int status;
    std::string request;
  } cases[]{{405, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"},
            {405, "DELETE / HTTP/1.1\r\nHost: x\r\n\r\n"},
            {413, "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"},
            {413, "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
            {414, get("/" + std::string(2048, 'a'))},
            {431, "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(9000, 'a') + "\r\n\r\n"},
            {431, "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(1 << 20, 'a') + "\r\n\r\n"},
            {400, "\x16\x03\x01\x02 this is TLS, not HTTP\r\n\r\n"},
            {400, "GET http://elsewhere/ HTTP/1.1\r\nHost: x\r\n\r\n"},
            {400, "GET / HTTP/1.1\r\n\r\n"},
            {400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"}};
  for (const auto& each : cases) {
    INFO(each.request.substr(0, 60));
    WebClient client{server.port()};
    client.send(each.request);
    const std::string response = client.rest();
    CHECK(has_status(response, each.status));
    CHECK(body(response).ends_with(".\n"));
    CHECK(last_refused == static_cast<unsigned>(each.status));
    CHECK((field(response, "Allow") == "GET, HEAD") == (each.status == 405));
  }
}

TEST_CASE("a client that sends its header byte by byte is cut off at the request's deadline") {
  RunningServer server{say_path, {.read = 200ms}};
  WebClient client{server.port()};
  const auto begin = std::chrono::steady_clock::now();
  const std::string request = "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(1000, 'a');
  bool closed = false;
  for (std::size_t i = 0; i < request.size() && !closed; ++i) {
    closed = !client.send(request.substr(i, 1)) || client.closed_within(20ms);
  }
  CHECK(closed);
  CHECK(std::chrono::steady_clock::now() - begin < 3s);
}

TEST_CASE("a client that connects and says nothing, or nothing more, is closed") {
  RunningServer server{say_path, {.read = 100ms, .idle = 200ms}};
  WebClient silent{server.port()};
  WebClient kept{server.port()};
  kept.send(get("/"));
  CHECK(has_status(kept.response(), 200));
  CHECK(silent.closed_within(5s));
  CHECK(kept.closed_within(5s));
}

TEST_CASE("a client that does not read its answer is cut off at the response's deadline") {
  RunningServer server{say_much, {.read = 600ms, .write = 200ms}};
  WebClient deaf{server.port()};
  deaf.send(get("/much"));
  CHECK(body(answer(server, get("/"))) == "xx");
  CHECK(WebClient{server.port()}.closed_within(
      5s));  // a silent one: by then the other deadline has passed as well
  CHECK(deaf.rest().size() < 64U << 20U);
}

TEST_CASE("when every place is taken by clients that are being served, the next ones wait for their turn") {
  RunningServer server{think, {.connections = 1}};
  std::list<WebClient> clients;
  for (int i = 0; i < 4; ++i) clients.emplace_back(server.port()).send(get("/"));
  for (WebClient& client : clients) CHECK(has_status(client.response(), 200));
}

TEST_CASE("idle clients block nobody, even when they hold every place") {
  RunningServer server{say_path, {.connections = 4}};
  std::list<WebClient> idle;
  for (int i = 0; i < 4; ++i) idle.emplace_back(server.port());
  CHECK(has_status(answer(server, get("/metrics")), 200));
  CHECK(idle.front().closed_within(5s));
  CHECK(idle.back().send(get("/")));
  CHECK(has_status(idle.back().response(), 200));
}

TEST_CASE("two silent clients do not delay a third") {
  RunningServer server{say_path};
  WebClient first{server.port()}, second{server.port()};
  second.send("GET /metr");
  const auto begin = std::chrono::steady_clock::now();
  CHECK(has_status(answer(server, get("/metrics")), 200));
  CHECK(std::chrono::steady_clock::now() - begin < 2s);
}

TEST_CASE("a page that throws is a 500 without its inner words, and the server goes on") {
  std::atomic<unsigned> refused{0};
  RunningServer server{break_down, {}, [&](unsigned status) { refused = status; }};
  const std::string response = answer(server, get("/bug"));
  CHECK(has_status(response, 500));
  CHECK(response.find("secret") == std::string::npos);
  CHECK(refused == 500);
  CHECK(has_status(answer(server, get("/")), 200));
}

TEST_CASE("when descriptors run out, waiting clients are served once there are some again") {
  RunningServer server{say_path};
  WebClient client;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  rlimit none = limit;
  none.rlim_cur = 1;  // 0 would stop poll() too
  setrlimit(RLIMIT_NOFILE, &none);
  client.connect(server.port());
  client.send(get("/"));
  const bool closed = client.closed_within(150ms);
  setrlimit(RLIMIT_NOFILE, &limit);
  CHECK_FALSE(closed);
  CHECK(has_status(client.response(), 200));
}

TEST_CASE("stopping ends clients in every state at once") {
  RunningServer server{say_path};
  WebClient silent{server.port()}, halfway{server.port()}, kept{server.port()}, refused{server.port()};
  halfway.send("GET / HT");
  refused.send("nonsense\r\n\r\n");
  kept.send(get("/"));
  CHECK(has_status(kept.response(), 200));
  CHECK(server.stop() < 2s);
  CHECK(kept.closed_within(1s));
}

TEST_CASE("stopping waits for a page that is being made") {
  RunningServer server{think};
  WebClient client{server.port()};
  client.send(get("/"));
  WebClient second{server.port()};
  CHECK_FALSE(second.closed_within(50ms));
  CHECK(server.stop() < 2s);
}

TEST_CASE("a server may go before its loop, with clients still connected") {
  asio::io_context loop{1};
  auto server = std::make_unique<HttpServer>(loop.get_executor(), say_path);
  const auto address = server->listen({"127.0.0.1", 0});
  REQUIRE(address.has_value());
  asio::co_spawn(loop, server->serve(), [](std::exception_ptr) {});
  WebClient silent{address->port}, served{address->port};
  served.send(get("/"));
  loop.run_for(100ms);
  CHECK(has_status(served.response(), 200));

  SECTION("the loop goes on and has nothing left to do") {
    server.reset();
    loop.run_for(5s);
    CHECK(loop.stopped());
  }
  SECTION("the loop never runs again") { server.reset(); }
  SECTION("the loop is destroyed first") {}
}

TEST_CASE("an address that is in use is an error value that names it") {
  RunningServer server{say_path};
  asio::io_context loop{1};
  HttpServer second{loop.get_executor(), say_path};
  const auto result = second.listen({"127.0.0.1", server.port()});
  REQUIRE(result.has_error());
  CHECK(result.error() == boost::system::errc::address_in_use);
}

TEST_CASE("every address, without IPv6 too, is listened on when no host is given") {
  asio::io_context loop{1};
  HttpServer server{loop.get_executor(), say_path};
  const auto address = server.listen({"", 0});
  REQUIRE(address.has_value());
  CHECK_NOTHROW(WebClient{address->port});
}

TEST_CASE("listen addresses are IP literals with a port") {
  const auto text = [](std::string_view in) {
    const auto address = parse_listen_address(in);
    return address ? to_string(*address) : "none";
  };
  CHECK(text("127.0.0.1:9848") == "127.0.0.1:9848");
  CHECK(text("[::1]:9848") == "[::1]:9848");
  CHECK(text(":9848") == ":9848");
  CHECK(text("localhost:0") == "127.0.0.1:0");
  for (const char* bad :
       {"", "9848", "127.0.0.1", "127.0.0.1:", "::1:9848", "[127.0.0.1]:1", "host.example:1",
        "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:80x", "[::1]9848"}) {
    INFO(bad);
    CHECK(text(bad) == "none");
  }
}
