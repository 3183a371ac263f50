#include "probes/net/http.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <cctype>

namespace healthd {
namespace {

namespace http = boost::beast::http;

/// A body of which only the beginning is kept. Beast's own bodies make room for what Content-Length claims,
/// before a single byte of it has come.
struct CappedBody {
  struct value_type {
    std::string text;
    std::size_t limit = 0;
    bool cut = false;  ///< there was more than the limit
  };

  class reader {
   public:
    template <bool is_request, typename Fields>
    reader(http::header<is_request, Fields>&, value_type& body) : body_{body} {}

    void init(const boost::optional<std::uint64_t>&, boost::system::error_code& error) { error = {}; }
    void finish(boost::system::error_code& error) { error = {}; }

    template <typename Buffers>
    std::size_t put(const Buffers& buffers, boost::system::error_code& error) {
      error = {};
      for (auto part = asio::buffer_sequence_begin(buffers); part != asio::buffer_sequence_end(buffers);
           ++part)
        keep(*part);
      return asio::buffer_size(buffers);
    }

   private:
    void keep(asio::const_buffer part) {
      const auto count = std::min(part.size(), body_.limit - body_.text.size());
      body_.text.append(static_cast<const char*>(part.data()), count);
      if (count < part.size()) body_.cut = true;
    }

    value_type& body_;
  };
};

bool same_name(std::string_view left, std::string_view right) {
  return std::ranges::equal(
      left, right, [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
}

std::string serialised(const HttpRequest& request) {
  std::string text = request.method + " " + request.target + " HTTP/1.1\r\nHost: " + request.host +
                     "\r\nUser-Agent: superset-healthd\r\nAccept-Encoding: identity\r\nConnection: close\r\n";
  for (const auto& [name, value] : request.headers) text += name + ": " + value + "\r\n";
  if (!request.body.empty() || request.method == "POST")
    text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return text + "\r\n" + request.body;
}

Failure parse_failure(const boost::system::error_code& error) {
  if (error == http::error::header_limit) return {Reason::too_large, "the response header is too large"};
  if (error == http::error::partial_message) return {Reason::protocol, "the response ended early"};
  if (error == http::error::end_of_stream)
    return {Reason::reset, "the server closed the connection without an answer"};
  return {Reason::protocol, "not a valid HTTP response: " + error.message()};
}

/// "0", two line ends. Beast, once it has seen the beginning of the last chunk, asserts that it never gets
/// less.
constexpr std::size_t least_last_chunk = 5;

/// Reads responses from a stream through Beast's parser. Bytes behind one response are kept for the next.
class Reader {
 public:
  Reader(Stream& stream, Trace& trace, const HttpLimits& limits)
      : stream_{stream}, trace_{trace}, limits_{limits} {}

  asio::awaitable<Result<HttpResponse>> response(bool head_only) {
    for (int interim = 0; interim <= limits_.interim_responses; ++interim) {
      auto one = co_await message(head_only);
      if (!one || one->status >= 200 || one->status == 101) co_return one;
    }
    co_return Failure{Reason::protocol, "the server sent nothing but interim (1xx) responses"};
  }

 private:
  asio::awaitable<Result<HttpResponse>> message(bool head_only) {
    http::response_parser<CappedBody> parser;
    parser.get().body().limit = limits_.body_bytes;
    parser.header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
    parser.body_limit(boost::none);  // the cap is ours: a long body is cut, not an error
    parser.eager(true);
    parser.skip(head_only);
    while (!parser.is_done() && !parser.get().body().cut) {
      if (pending_.empty() || starved_) {
        auto more = co_await fill();
        if (more) co_return *more;
        if (ended_) {
          boost::system::error_code error = http::error::end_of_stream;
          if (parser.got_some()) parser.put_eof(error);
          if (error) co_return parse_failure(error);
          break;
        }
      }
      if (starved_ && parser.is_header_done() && parser.chunked() && pending_.size() < least_last_chunk)
        continue;
      boost::system::error_code error;
      const auto used = parser.put(asio::buffer(pending_), error);
      pending_.erase(0, used);
      starved_ = error == http::error::need_more;
      if (error && !starved_) co_return parse_failure(error);
    }
    co_return taken(parser.release());
  }

  /// One more read into `pending_`; nullopt when it went well or the peer closed.
  asio::awaitable<std::optional<Failure>> fill() {
    const Phase phase = heard_ ? Phase::transfer : Phase::first_byte;
    if (trace_.current() != phase) trace_.enter(phase);
    if (pending_.size() > limits_.header_bytes + chunk_.size())
      co_return Failure{Reason::too_large, "the response header is too large"};
    const auto read = co_await stream_.read_some(asio::buffer(chunk_));
    if (read.error == asio::error::eof) {
      ended_ = true;
      co_return std::nullopt;
    }
    if (read.error) co_return failure_from(read.error);
    heard_ = true;
    pending_.append(chunk_.data(), read.bytes);
    co_return std::nullopt;
  }

  static HttpResponse taken(http::response<CappedBody> message) {
    HttpResponse response;
    response.status = static_cast<int>(message.result_int());
    for (const auto& field : message)
      response.headers.emplace_back(std::string{field.name_string()}, std::string{field.value()});
    response.body = std::move(message.body().text);
    response.body_cut = message.body().cut;
    return response;
  }

  Stream& stream_;
  Trace& trace_;
  const HttpLimits& limits_;
  std::array<char, 4096> chunk_{};
  std::string pending_;
  bool heard_ = false;  ///< a byte of an answer came: the server is not silent, only slow
  bool starved_ = false;
  bool ended_ = false;
};

}  // namespace

std::string_view HttpResponse::header(std::string_view name) const {
  const auto found =
      std::ranges::find_if(headers, [&](const auto& field) { return same_name(field.first, name); });
  return found == headers.end() ? std::string_view{} : std::string_view{found->second};
}

asio::awaitable<Result<HttpResponse>> http_exchange(Stream& stream, Trace& trace, HttpRequest request,
                                                    HttpLimits limits) {
  trace.enter(Phase::request);
  const std::string text = serialised(request);
  const auto written = co_await stream.write(asio::buffer(text));
  // A server may answer and close before it has read everything: look for that answer first.
  if (written.error == asio::error::operation_aborted) co_return failure_from(written.error);
  Reader reader{stream, trace, limits};
  auto response = co_await reader.response(request.method == "HEAD");
  if (!response && written.error) co_return failure_from(written.error);
  co_return response;
}

}  // namespace healthd
