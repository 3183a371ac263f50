#include "probes/statsd_listener.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/support/probe_bench.hpp"
#include "tests/support/process.hpp"

using namespace healthd;
using namespace healthd::test;
using namespace std::chrono_literals;
using asio::ip::udp;

namespace {

const auto loopback = asio::ip::address_v4::loopback();

std::uint16_t free_udp_port() {
  asio::io_context loop;
  return udp::socket{loop, {loopback, 0}}.local_endpoint().port();
}

/// A listener at work, as the daemon keeps one.
class Listening {
 public:
  explicit Listening(std::uint16_t port) : listener_{{loopback, port}, ""} {
    auto ended = [this](std::exception_ptr) { ended_ = true; };
    asio::co_spawn(loop_, listener_.listen(), asio::bind_cancellation_slot(cancel_.slot(), ended));
    loop_.poll();
  }
  ~Listening() {
    cancel_.emit(asio::cancellation_type::terminal);
    loop_.run_for(5s);
    CHECK(ended_);
  }

  ProbeResult report() const {
    ProbeResult result;
    listener_.report(result);
    return result;
  }
  double value(std::string_view metric, std::string_view label = "") const {
    return sample_value(report(), metric, label).value_or(-1);
  }
  double lines(std::string_view outcome) const { return value("healthd_statsd_packets_total", outcome); }

  /// Lets the loop work until the condition holds; false where it does not in time.
  template <typename Condition>
  bool until(Condition condition) {
    return wait_until([&] {
      loop_.run_for(10ms);
      return condition();
    });
  }
  asio::io_context& loop() { return loop_; }

 private:
  asio::io_context loop_{1};
  asio::cancellation_signal cancel_;
  mutable StatsdListener listener_;
  bool ended_ = false;
};

constexpr const char* application = R"(
import time

def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/broken":
        raise ValueError("as ordered")
    if path == "/slow":
        time.sleep(0.2)
    start_response("404 Not Found" if path == "/missing" else "200 OK", [("Content-Length", "2")])
    return [b"OK"]
)";

/// The status line of the answer; "" where none came.
std::string ask(std::uint16_t port, const std::string& path) {
  asio::ip::tcp::iostream stream{asio::ip::tcp::endpoint{loopback, port}};
  stream.expires_after(10s);
  stream << "GET " << path << " HTTP/1.0\r\n\r\n" << std::flush;
  std::string line;
  std::getline(stream, line);
  const std::string rest{std::istreambuf_iterator<char>{stream}, {}};
  return line;
}

/// Gunicorn as it is installed, which tells `statsd_port` of what it does.
struct Gunicorn {
  Gunicorn(std::uint16_t statsd_port) {
    std::ofstream{folder.path() / "application.py"} << application;
    process = Process{
        {.argv = {"/usr/bin/python3", "-B", "-m", "gunicorn", "--workers", "2", "--worker-tmp-dir",
                  folder.path().string(), "--bind", "127.0.0.1:" + std::to_string(port), "--statsd-host",
                  "127.0.0.1:" + std::to_string(statsd_port), "application:application"},
         .cwd = folder.path(),
         .log = folder.path() / "gunicorn.log"}};
  }
  TempDir folder;
  std::uint16_t port = free_port();
  Process process;
};

}  // namespace

TEST_CASE("a real Gunicorn's requests, durations, workers and errors arrive as it served them") {
  const auto port = free_udp_port();
  Listening listening{port};
  Gunicorn gunicorn{port};
  const auto requests = [&](const char* code_class) {
    return listening.value("healthd_gunicorn_requests_total", code_class);
  };
  REQUIRE(wait_until([&] { return ask(gunicorn.port, "/").find("200") != std::string::npos; }));
  REQUIRE(listening.until([&] { return requests("2xx") == 1; }));

  for (int i = 0; i < 5; ++i) ask(gunicorn.port, "/");
  for (int i = 0; i < 2; ++i) ask(gunicorn.port, "/slow");
  for (int i = 0; i < 3; ++i) ask(gunicorn.port, "/missing");
  CHECK(ask(gunicorn.port, "/broken").find("500") != std::string::npos);
  CHECK(listening.until([&] { return requests("2xx") == 8 && requests("4xx") == 3; }));
  CHECK(listening.until([&] { return listening.value("healthd_gunicorn_workers") == 2; }));
  CHECK(listening.until([&] { return requests("5xx") == 1; }));
  CHECK(listening.until(
      [&] { return listening.value("healthd_gunicorn_log_messages_total", "exception") == 1; }));
  CHECK(listening.lines("malformed") == 0);
  CHECK(listening.lines("unmapped") == 0);

  const auto result = listening.report();
  const auto& durations = result.histograms.at(0).histogram;
  CHECK(durations.total == 12);
  CHECK(durations.sum > 0.4);
  CHECK(durations.sum < 2);
  CHECK(durations.counts[4] == 10);  // at most 0.1 s: all but the slow two
  CHECK(durations.counts[7] == 12);
  CHECK(find_check(result, "statsd")->status == Status::up);
}

TEST_CASE("an address that is taken is told as unknown, and listened on once it is free") {
  const auto port = free_udp_port();
  asio::io_context other;
  udp::socket holder{other, {loopback, port}};
  Listening listening{port};
  const auto result = listening.report();
  const auto* check = find_check(result, "statsd");
  REQUIRE(check != nullptr);
  CHECK(check->status == Status::unknown);
  CHECK(check->reason == Reason::internal);
  CHECK(check->detail == "cannot listen on 127.0.0.1:" + std::to_string(port) + ": Address already in use");
  CHECK(result.samples.empty());

  holder.close();
  CHECK(listening.until([&] { return find_check(listening.report(), "statsd")->status == Status::up; }));
  udp::socket sender{other, {loopback, 0}};
  sender.send_to(asio::buffer("gunicorn.workers:3|g", 20), {loopback, port});
  CHECK(listening.until([&] { return listening.value("healthd_gunicorn_workers") == 3; }));
}

TEST_CASE("a flood leaves the loop to others, and what it costs is counted") {
  const auto port = free_udp_port();
  Listening listening{port};
  constexpr int sent = 60'000;
  std::jthread flood{[port] {
    asio::io_context loop;
    udp::socket sender{loop, {loopback, 0}};
    boost::system::error_code ignored;
    for (int i = 0; i < sent; ++i)
      sender.send_to(asio::buffer("gunicorn.request.status.200:1|c", 31), {loopback, port}, 0, ignored);
  }};
  auto longest = 0ms;
  auto last = std::chrono::steady_clock::now();
  asio::steady_timer timer{listening.loop()};
  std::function<void()> tick = [&] {
    timer.expires_after(5ms);
    timer.async_wait([&](boost::system::error_code error) {
      if (error) return;
      const auto now = std::chrono::steady_clock::now();
      longest = std::max(longest, std::chrono::duration_cast<std::chrono::milliseconds>(now - last));
      last = now;
      tick();
    });
  };
  tick();
  asio::io_context other;
  udp::socket sender{other, {loopback, 0}};
  int more = 0;
  CHECK(listening.until([&] {
    sender.send_to(asio::buffer("superset.health:1|c", 19), {loopback, port});
    ++more;  // the kernel's count is read when a datagram comes
    listening.loop().run_for(20ms);
    return listening.lines("accepted") + listening.lines("dropped") >= sent;
  }));
  timer.cancel();
  CHECK(longest < 300ms);
  CHECK(listening.lines("dropped") > 0);
  CHECK(listening.lines("accepted") < 45'000);
  CHECK(listening.lines("accepted") + listening.lines("dropped") <= sent + more);
}

TEST_CASE("a datagram that is too long costs its last line, no more") {
  const auto port = free_udp_port();
  Listening listening{port};
  asio::io_context other;
  udp::socket sender{other, {loopback, 0}};
  std::string text;
  while (text.size() < 20'000) text += "gunicorn.log.error:1|c|@1.0\n";  // 28 bytes; 292 lines fit into 8 KiB
  sender.send_to(asio::buffer(text), {loopback, port});
  CHECK(listening.until([&] { return listening.lines("malformed") == 1; }));
  CHECK(listening.value("healthd_gunicorn_log_messages_total", "error") == 292);
}
