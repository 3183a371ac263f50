#include "probes/net/http.hpp"

#include <boost/asio/error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <deque>

#include "tests/support/run.hpp"

namespace healthd {
namespace {

/// A peer that answers with given pieces, then closes.
class ScriptedStream final : public Stream {
 public:
  explicit ScriptedStream(std::deque<std::string> pieces, boost::system::error_code end = asio::error::eof)
      : pieces_{std::move(pieces)}, end_{end} {}

  asio::awaitable<Io> read_some(asio::mutable_buffer buffer) override {
    if (pieces_.empty()) co_return Io{end_, 0};
    auto& piece = pieces_.front();
    const auto count = asio::buffer_copy(buffer, asio::buffer(piece));
    piece.erase(0, count);
    if (piece.empty()) pieces_.pop_front();
    co_return Io{{}, count};
  }

  asio::awaitable<Io> write(asio::const_buffer buffer) override {
    sent += std::string{static_cast<const char*>(buffer.data()), buffer.size()};
    co_return Io{{}, buffer.size()};
  }

  std::string sent;

 private:
  std::deque<std::string> pieces_;
  boost::system::error_code end_;
};

Result<HttpResponse> answer_to(std::deque<std::string> pieces, HttpLimits limits = {}) {
  ScriptedStream stream{std::move(pieces)};
  Trace trace;
  HttpRequest request;
  request.host = "bi.example.com";
  return test::run(http_exchange(stream, trace, request, limits));
}

Reason reason_of(std::deque<std::string> pieces) {
  const auto answer = answer_to(std::move(pieces));
  REQUIRE_FALSE(answer.has_value());
  return answer.error().reason;
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

}  // namespace

TEST_CASE("a response is read whether it comes whole, byte by byte, chunked or until the end") {
  const std::string whole = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-One: 1\r\n\r\nOK";
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-One: 1\r\n\r\n2\r\nOK\r\n0\r\n\r\n";
  const auto bytes = [](const std::string& text) {
    std::deque<std::string> all;
    for (const char c : text) all.emplace_back(1, c);
    return all;
  };
  for (const auto& pieces : {std::deque<std::string>{whole},
                             bytes(whole),
                             {chunked},
                             bytes(chunked),
                             {"HTTP/1.0 200 OK\r\nX-One: 1\r\n\r\n", "O", "K"}}) {
    const auto answer = answer_to(pieces);
    REQUIRE(answer.has_value());
    CHECK(answer->status == 200);
    CHECK(answer->body == "OK");
    CHECK(answer->header("x-one") == "1");
  }
}

TEST_CASE("the request names host, agent and connection, and carries its body") {
  ScriptedStream stream{{"HTTP/1.1 204 No Content\r\n\r\n"}};
  Trace trace;
  HttpRequest request;
  request.method = "POST";
  request.target = "/hook?a=b";
  request.host = "h:1";
  request.headers = {{"Content-Type", "application/json"}};
  request.body = "{}";
  CHECK(test::run(http_exchange(stream, trace, request))->status == 204);
  CHECK(
      stream.sent ==
      "POST /hook?a=b HTTP/1.1\r\nHost: h:1\r\nUser-Agent: superset-healthd\r\nAccept-Encoding: identity\r\n"
      "Connection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
}

TEST_CASE("an interim response is never taken for the answer") {
  const auto answer = answer_to({"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n",
                                 "HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n"});
  REQUIRE(answer.has_value());
  CHECK(answer->status == 503);
  CHECK(reason_of({repeated("HTTP/1.1 100 Continue\r\n\r\n", 20)}) == Reason::protocol);
}

TEST_CASE("a long body is cut, and the status still counts") {
  const auto answer = answer_to({"HTTP/1.0 200 OK\r\n\r\n", std::string(500'000, 'x')});
  REQUIRE(answer.has_value());
  CHECK(answer->status == 200);
  CHECK(answer->body_cut);
  CHECK(answer->body.size() == HttpLimits{}.body_bytes);
}

TEST_CASE("a length that is claimed costs no memory before the bytes have come") {
  for (const auto* length : {"100000", "3000000000", "4000000000000000", "18446744073709551615"}) {
    INFO(length);
    const std::string head = "HTTP/1.1 503 Down\r\nContent-Length: " + std::string{length} + "\r\n\r\n";
    const auto answer = answer_to({head, std::string(100'000, 'x')});
    REQUIRE(answer.has_value());
    CHECK(answer->status == 503);
    CHECK(answer->body_cut);
    CHECK(answer->body == std::string(HttpLimits{}.body_bytes, 'x'));
    CHECK(answer->body.capacity() < 3 * HttpLimits{}.body_bytes);
    CHECK(reason_of({head, "short"}) == Reason::protocol);
  }
}

TEST_CASE("a body that is as long as the limit is whole") {
  HttpLimits limits;
  limits.body_bytes = 3;
  const auto fits = answer_to({"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"}, limits);
  CHECK(fits->body == "abc");
  CHECK_FALSE(fits->body_cut);
  const auto long_one = answer_to({"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd"}, limits);
  CHECK(long_one->body == "abc");
  CHECK(long_one->body_cut);
}

TEST_CASE("hostile and broken answers each have their reason") {
  CHECK(reason_of({}) == Reason::reset);
  CHECK(reason_of({"HTTP/1.1 200 OK\r\nContent-Le"}) == Reason::protocol);
  CHECK(reason_of({"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"}) == Reason::protocol);
  CHECK(reason_of({"-NOAUTH Authentication required.\r\n"}) == Reason::protocol);
  CHECK(reason_of({std::string(64, '\xff')}) == Reason::protocol);
  CHECK(reason_of({"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) == Reason::protocol);
  CHECK(reason_of({"HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'a')}) == Reason::too_large);
  CHECK(reason_of({"HTTP/1.1 200 OK\r\n" + repeated("A: b\r\n", 10'000)}) == Reason::too_large);
}

TEST_CASE("lengths that lie or contradict each other are refused") {
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n";
  CHECK(reason_of({chunked + "Content-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n"}) == Reason::protocol);
  CHECK(reason_of({"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"}) ==
        Reason::protocol);
  CHECK(reason_of({"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello"}) == Reason::protocol);
  CHECK(reason_of({chunked + "\r\nffff\r\nshort\r\n0\r\n\r\n"}) == Reason::protocol);
  CHECK(reason_of({chunked + "\r\n1\r\nlonger\r\n0\r\n\r\n"}) == Reason::protocol);
  CHECK(reason_of({chunked + "\r\nfffffffffffffffff\r\nx"}) == Reason::protocol);
  CHECK(reason_of({chunked + "\r\n5\r\nhello"}) == Reason::protocol);
}

TEST_CASE("what stands around chunks is bounded as the header is") {
  const std::string begin = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  CHECK(reason_of({begin + "5;" + std::string(100'000, 'a')}) == Reason::too_large);
  CHECK(reason_of({begin + "0\r\n" + repeated("A: b\r\n", 10'000)}) == Reason::too_large);
  CHECK(reason_of({begin + repeated("1;" + std::string(7000, 'a') + "\r\nx\r\n", 3) + "0\r\n"}) ==
        Reason::protocol);
}

TEST_CASE("an answer without a header, or to another protocol, is none") {
  CHECK(reason_of({"<html>an answer as of 1991</html>"}) == Reason::protocol);
  CHECK(reason_of({"HTTP/2 200\r\n\r\n"}) == Reason::protocol);
  CHECK(reason_of({"ICY 200 OK\r\n\r\n"}) == Reason::protocol);
  CHECK(reason_of({std::string(64, '\0')}) == Reason::protocol);
  const auto switching = answer_to({"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"});
  REQUIRE(switching.has_value());
  CHECK(switching->status == 101);
}

TEST_CASE("a compressed body stays as it came") {
  const std::string bomb = "\x1f\x8b" + std::string(100, 'z');
  const auto answer =
      answer_to({"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 102\r\n\r\n" + bomb});
  REQUIRE(answer.has_value());
  CHECK(answer->body == bomb);
}

TEST_CASE("a stream that breaks off is not the end of a body that ends with the stream") {
  ScriptedStream stream{{"HTTP/1.1 200 OK\r\n\r\n", "half"}, asio::error::connection_aborted};
  Trace trace;
  const auto answer = test::run(http_exchange(stream, trace, HttpRequest{}));
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().reason == Reason::reset);
}

TEST_CASE("the first byte ends the wait for it, whatever follows") {
  ScriptedStream stream{{"HTTP/1.1 2", "00 OK\r\nContent-Length: 2\r\n\r\nOK"}};
  Trace trace;
  CHECK(test::run(http_exchange(stream, trace, HttpRequest{}))->status == 200);
  CHECK(trace.phases()[Phase::first_byte].has_value());
  CHECK(trace.current() == Phase::transfer);
}

}  // namespace healthd
