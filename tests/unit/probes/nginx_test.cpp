#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch_test_macros.hpp>
#include <thread>

#include "tests/support/probe_bench.hpp"

namespace healthd::test {
namespace {

using namespace std::chrono_literals;
using Tcp = boost::asio::ip::tcp;

/// Answers `/` after a while, and nothing else ever.
class Edge {
 public:
  explicit Edge(std::chrono::milliseconds delay) : delay_{delay}, thread_{[this] { serve(); }} {}
  ~Edge() {
    stop_ = true;
    boost::asio::io_context loop;
    Tcp::socket last{loop};
    boost::system::error_code ignored;
    last.connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }
  std::string url(const std::string& path) const {
    return "\"http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + path + "\"\n";
  }

 private:
  void serve() {
    while (!stop_) {
      auto client = acceptor_.accept();
      boost::system::error_code ignored;
      std::string head;
      if (!stop_) boost::asio::read_until(client, boost::asio::dynamic_buffer(head), "\r\n\r\n", ignored);
      if (head.starts_with("GET / ")) {
        std::this_thread::sleep_for(delay_);
        const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        boost::asio::write(client, boost::asio::buffer(answer), ignored);
      }
      held_.push_back(std::move(client));
    }
  }

  const std::chrono::milliseconds delay_;
  boost::asio::io_context loop_;
  Tcp::acceptor acceptor_{loop_, Tcp::endpoint{boost::asio::ip::address_v4::loopback(), 0}};
  std::atomic<bool> stop_ = false;
  std::vector<Tcp::socket> held_;
  std::thread thread_;
};

ProbeResult probed(const Edge& edge) {
  ProbeBench bench;
  const auto probe =
      bench.make("nginx", "edge", "url: " + edge.url("/") + "redirect_url: " + edge.url("/redirect"));
  REQUIRE(bench.problems().empty());
  return bench.run(*probe, 1s);
}

}  // namespace

TEST_CASE("a side check that hangs degrades the edge") {
  const Edge edge{0ms};
  const auto result = probed(edge);
  CHECK(result.status == Status::degraded);
  REQUIRE(find_check(result, "redirect") != nullptr);
  CHECK(find_check(result, "redirect")->reason == Reason::timeout);
}

TEST_CASE("a side check that a slow main check left no time for is not judged") {
  const Edge edge{880ms};
  const auto result = probed(edge);
  CHECK(result.status == Status::up);
  CHECK(find_check(result, "redirect") == nullptr);
}

}  // namespace healthd::test
