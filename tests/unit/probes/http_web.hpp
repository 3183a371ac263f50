// A web server that says what a test tells it to, one request after the other.
#pragma once

#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace healthd::test {

class Web {
 public:
  /// The answer to a path, as it goes over the wire; "" is silence, on a connection that stays open.
  using Answers = std::function<std::string(const std::string& path)>;

  explicit Web(Answers answers) : answers_{std::move(answers)}, thread_{[this] { serve(); }} {}
  ~Web() {
    stop_ = true;
    boost::asio::io_context loop;
    Tcp::socket last{loop};
    boost::system::error_code ignored;
    last.connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }
  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + path;
  }
  /// The paths that were asked for, in order.
  std::vector<std::string> asked() const {
    const std::lock_guard lock{mutex_};
    return asked_;
  }

 private:
  using Tcp = boost::asio::ip::tcp;

  void serve() {
    while (!stop_) {
      auto client = acceptor_.accept();
      if (stop_) return;
      boost::system::error_code ignored;
      std::string head;
      boost::asio::read_until(client, boost::asio::dynamic_buffer(head), "\r\n\r\n", ignored);
      const auto path = head.substr(4, head.find(' ', 4) - 4);
      note(path);
      const auto answer = answers_(path);
      boost::asio::write(client, boost::asio::buffer(answer), ignored);
      if (answer.empty()) held_.push_back(std::move(client));
    }
  }

  void note(const std::string& path) {
    const std::lock_guard lock{mutex_};
    asked_.push_back(path);
  }

  Answers answers_;
  boost::asio::io_context loop_;
  Tcp::acceptor acceptor_{loop_, Tcp::endpoint{boost::asio::ip::address_v4::loopback(), 0}};
  std::atomic<bool> stop_ = false;
  std::vector<Tcp::socket> held_;
  mutable std::mutex mutex_;
  std::vector<std::string> asked_;
  std::thread thread_;
};

/// A whole answer; `headers` with their line ends.
inline std::string web_page(int status, const std::string& body, const std::string& headers = "") {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + headers + "\r\n" + body;
}

}  // namespace healthd::test
