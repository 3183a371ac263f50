// An HTTP server on loopback that gives the answers it was told to give, in turn, and remembers what it was
// asked.
#pragma once

#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <string>
#include <thread>
#include <vector>

namespace healthd::test {

class ScriptedHttp {
 public:
  struct Seen {
    std::string head;  ///< request line and header fields
    std::string body;
    bool has(std::string_view line) const { return head.find(line) != std::string::npos; }
  };

  /// One whole response for each connection; "" closes without an answer, `silence` says nothing until the
  /// end.
  explicit ScriptedHttp(std::vector<std::string> answers) : thread_{[this, answers] { serve(answers); }} {}
  ~ScriptedHttp() { stop(); }

  static constexpr const char* silence = "silence";
  static std::string answer(int status, const std::string& headers = "", const std::string& body = "") {
    return "HTTP/1.1 " + std::to_string(status) + " Scripted\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
  }

  std::string url(const std::string& path = "") const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + path;
  }

  /// Ends the server; what it has seen, in order.
  const std::vector<Seen>& seen() {
    stop();
    return seen_;
  }

 private:
  using Tcp = boost::asio::ip::tcp;

  void serve(const std::vector<std::string>& answers) {
    for (const auto& answer : answers) {
      auto client = acceptor_.accept();
      if (stopping_) return;
      boost::system::error_code ignored;
      seen_.push_back(read(client));
      if (answer == silence) {
        held_.push_back(std::move(client));
        continue;
      }
      boost::asio::write(client, boost::asio::buffer(answer), ignored);
    }
  }

  static Seen read(Tcp::socket& client) {
    Seen seen;
    std::string text;
    boost::system::error_code error;
    const auto head = boost::asio::read_until(client, boost::asio::dynamic_buffer(text), "\r\n\r\n", error);
    seen.head = text.substr(0, head);
    seen.body = text.substr(head);
    std::size_t length = 0;
    constexpr std::string_view field = "Content-Length: ";
    if (const auto at = seen.head.find(field); at != std::string::npos)
      std::from_chars(seen.head.data() + at + field.size(), seen.head.data() + seen.head.size(), length);
    std::string rest(length - std::min(length, seen.body.size()), '\0');
    boost::asio::read(client, boost::asio::buffer(rest), error);
    seen.body += rest;
    return seen;
  }

  void stop() {
    if (!thread_.joinable()) return;
    stopping_ = true;
    boost::asio::io_context loop;
    Tcp::socket last{loop};
    boost::system::error_code ignored;
    last.connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }

  boost::asio::io_context loop_;
  Tcp::acceptor acceptor_{loop_, Tcp::endpoint{boost::asio::ip::address_v4::loopback(), 0}};
  std::atomic<bool> stopping_ = false;
  std::vector<Seen> seen_;
  std::vector<Tcp::socket> held_;
  std::thread thread_;
};

}  // namespace healthd::test
