// The only source with Beast's stream algorithms: they are slow to compile.
#include "exporters/http_server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <exception>
#include <list>
#include <optional>
#include <string_view>
#include <utility>

namespace healthd {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds accept_pause{100};
constexpr std::chrono::seconds linger{1};
constexpr std::size_t max_lingering_bytes = 64 * 1024;

struct Session {
  explicit Session(tcp::socket socket) : stream{std::move(socket)} {}
  beast::tcp_stream stream;
  bool idle = true;  ///< no byte of a request has come
};
using Sessions = std::list<Session>;  ///< the idle ones in the order in which they became so

using Parser = http::request_parser<http::empty_body>;
using Message = http::response<http::string_body>;

constexpr std::pair<std::string_view, std::string_view> fixed_fields[]{
    {"Content-Security-Policy",
     "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
     "form-action 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cache-Control", "no-store"}};

WebResponse plain(unsigned status, std::string line) {
  return {.status = status, .content_type = "text/plain; charset=utf-8", .body = std::move(line) + "\n"};
}

std::string text(beast::string_view view) { return {view.data(), view.size()}; }

/// The answer to a request that could not be read; nullopt where the peer is gone or was too slow to be
/// answered.
std::optional<WebResponse> unreadable(const error_code& error) {
  if (error == http::error::end_of_stream || error == http::error::partial_message) return std::nullopt;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return plain(431, "The request's header is too large.");
  }
  const bool malformed = error.category() == make_error_code(http::error::bad_target).category();
  return malformed ? std::optional{plain(400, "This is not an HTTP request.")} : std::nullopt;
}

/// The answer to a request that no handler needs to see; nullopt where it is fine.
std::optional<WebResponse> refusal(Parser& parser, const WebLimits& limits) {
  const auto& request = parser.get();
  const auto method = request.method();
  const auto target = request.target();
  if (method != http::verb::get && method != http::verb::head)
    return plain(405, "Only GET and HEAD are served here.");
  if (parser.chunked() || parser.content_length().value_or(0) > 0)
    return plain(413, "A request has no body here.");
  if (target.size() > limits.url_bytes) return plain(414, "The URL is too long.");
  if (!target.starts_with('/')) return plain(400, "The request's target must be a path.");
  if (request.version() == 11 && request.count(http::field::host) != 1) {
    return plain(400, "A request needs one Host field.");
  }
  return std::nullopt;
}

WebRequest request_of(const Parser& parser) {
  const auto& request = parser.get();
  const std::string target = text(request.target());
  const auto question = target.find('?');
  WebRequest out;
  out.path = target.substr(0, question);
  if (question != std::string::npos) out.query = target.substr(question + 1);
  out.accept = text(request[http::field::accept]);
  out.accept_encoding = text(request[http::field::accept_encoding]);
  return out;
}

Message message_of(WebResponse response, bool keep_alive) {
  Message message{static_cast<http::status>(response.status), 11, std::move(response.body)};
  message.set(http::field::content_type, response.content_type);
  for (const auto& [name, value] : fixed_fields) message.set(name, value);
  if (response.status == 405) message.set(http::field::allow, "GET, HEAD");
  message.keep_alive(keep_alive);
  message.prepare_payload();
  return message;
}

asio::awaitable<bool> write(beast::tcp_stream& stream, Message message, bool header_only) {
  http::response_serializer<http::string_body> serializer{message};
  if (header_only) {
    const auto [error, size] = co_await http::async_write_header(stream, serializer, as_tuple);
    co_return !error;
  }
  const auto [error, size] = co_await http::async_write(stream, serializer, as_tuple);
  co_return !error;
}

/// Says goodbye, and reads what the client still sends: closing at once could destroy the answer on its way.
asio::awaitable<void> close_gently(beast::tcp_stream& stream) {
  error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream.expires_after(linger);
  char rest[4096];
  for (std::size_t read = 0; read < max_lingering_bytes;) {
    const auto [error, size] = co_await stream.async_read_some(asio::buffer(rest), as_tuple);
    if (error) break;
    read += size;
  }
  stream.close();
}

tcp::endpoint endpoint_of(const ListenAddress& address) {
  if (address.host.empty()) return {tcp::v6(), address.port};
  return {asio::ip::make_address(address.host), address.port};
}

}  // namespace

struct HttpServer::State {
  State(asio::any_io_executor executor, WebHandler web_handler, std::function<void(unsigned)> on_refused,
        WebLimits web_limits)
      : loop{std::move(executor)},
        handler{std::move(web_handler)},
        refused{std::move(on_refused)},
        limits{web_limits},
        acceptor{loop},
        change{loop} {}

  error_code open(const tcp::endpoint& endpoint);
  static void start(const std::shared_ptr<State>& state, tcp::socket socket);
  static asio::awaitable<void> converse(std::shared_ptr<State> state, Sessions::iterator session);
  asio::awaitable<bool> await_request(Sessions::iterator session, beast::flat_buffer& buffer, bool first);
  asio::awaitable<bool> exchange(beast::tcp_stream& stream, beast::flat_buffer& buffer);
  asio::awaitable<WebResponse> answer(const WebRequest& request);
  asio::awaitable<void> accept_one(const std::shared_ptr<State>& state);
  asio::awaitable<void> wait(std::chrono::steady_clock::time_point until);
  void close_longest_idle();
  void close_all();

  asio::any_io_executor loop;
  WebHandler handler;
  std::function<void(unsigned)> refused;
  WebLimits limits;
  tcp::acceptor acceptor;
  asio::steady_timer change;  ///< cancelled when a session has ended
  Sessions sessions;
};

error_code HttpServer::State::open(const tcp::endpoint& endpoint) {
  error_code error;
  if (acceptor.is_open()) acceptor.close(error);
  if (acceptor.open(endpoint.protocol(), error)) return error;
  if (acceptor.set_option(tcp::acceptor::reuse_address(true), error)) return error;
  const bool every_address = endpoint.address() == asio::ip::address_v6::any();
  if (every_address && acceptor.set_option(asio::ip::v6_only(false), error)) return error;
  if (acceptor.bind(endpoint, error)) return error;
  acceptor.listen(asio::socket_base::max_listen_connections, error);
  return error;
}

void HttpServer::State::start(const std::shared_ptr<State>& state, tcp::socket socket) {
  const auto session = state->sessions.emplace(state->sessions.end(), std::move(socket));
  asio::co_spawn(state->loop, converse(state, session), [state, session](std::exception_ptr bug) {
    state->sessions.erase(session);
    state->change.cancel();
    if (bug) std::rethrow_exception(bug);
  });
}

asio::awaitable<void> HttpServer::State::converse(std::shared_ptr<State> state, Sessions::iterator session) {
  beast::flat_buffer buffer{2 * state->limits.header_bytes};
  bool open = co_await state->await_request(session, buffer, true);
  while (open) {
    open = co_await state->exchange(session->stream, buffer);
    if (open) open = co_await state->await_request(session, buffer, false);
  }
  if (session->stream.socket().is_open()) co_await close_gently(session->stream);
}

/// Waits for the first byte of a request. A new client has no longer for it than for the whole request.
asio::awaitable<bool> HttpServer::State::await_request(Sessions::iterator session, beast::flat_buffer& buffer,
                                                       bool first) {
  auto& stream = session->stream;
  if (buffer.size() == 0) {
    sessions.splice(sessions.end(), sessions, session);
    session->idle = true;
    stream.expires_after(first ? limits.read : limits.idle);
    const auto space = buffer.prepare(1024);
    const auto [error, size] = co_await stream.async_read_some(space, as_tuple);
    if (error) co_return false;
    buffer.commit(size);
    session->idle = false;
  }
  if (!first) stream.expires_after(limits.read);
  co_return true;
}

/// Reads one request and answers it; whether the connection stays open.
asio::awaitable<bool> HttpServer::State::exchange(beast::tcp_stream& stream, beast::flat_buffer& buffer) {
  Parser parser;
  parser.header_limit(limits.header_bytes);
  const auto [error, size] = co_await http::async_read_header(stream, buffer, parser, as_tuple);
  auto refused_with = error ? unreadable(error) : refusal(parser, limits);
  if (error && !refused_with) co_return false;

  const bool keep_alive = !refused_with && parser.get().keep_alive();
  WebResponse response;
  if (refused_with) {
    response = std::move(*refused_with);
    if (refused) refused(response.status);
  } else {
    const WebRequest request = request_of(parser);
    response = co_await answer(request);
  }
  const bool header_only = parser.get().method() == http::verb::head;
  stream.expires_after(limits.write);
  Message message = message_of(std::move(response), keep_alive);
  const bool written = co_await write(stream, std::move(message), header_only);
  co_return written&& keep_alive;
}

asio::awaitable<WebResponse> HttpServer::State::answer(const WebRequest& request) {
  try {
    co_return co_await handler(request);
  } catch (const std::exception&) {
    if (refused) refused(500);
  }
  co_return plain(500, "This page could not be made; that is a bug.");
}

asio::awaitable<void> HttpServer::State::wait(std::chrono::steady_clock::time_point until) {
  change.expires_at(until);
  co_await change.async_wait(as_tuple);
}

asio::awaitable<void> HttpServer::State::accept_one(const std::shared_ptr<State>& state) {
  if (sessions.size() >= limits.connections) {
    close_longest_idle();
    co_await wait(std::chrono::steady_clock::time_point::max());
    co_return;
  }
  auto [error, socket] = co_await acceptor.async_accept(as_tuple);
  if (!error) {
    start(state, std::move(socket));
  } else if (error != asio::error::operation_aborted) {
    co_await wait(std::chrono::steady_clock::now() + accept_pause);  // EMFILE and the like last; do not spin
  }
}

void HttpServer::State::close_longest_idle() {
  for (Session& session : sessions) {
    if (!session.idle || !session.stream.socket().is_open()) continue;
    session.stream.close();
    return;
  }
}

void HttpServer::State::close_all() {
  error_code ignored;
  acceptor.close(ignored);
  for (Session& session : sessions) session.stream.close();
}

HttpServer::HttpServer(asio::any_io_executor loop, WebHandler handler, std::function<void(unsigned)> refused,
                       WebLimits limits)
    : state_{std::make_shared<State>(std::move(loop), std::move(handler), std::move(refused), limits)} {}

HttpServer::~HttpServer() { state_->close_all(); }

boost::system::result<ListenAddress> HttpServer::listen(const ListenAddress& address) {
  const tcp::endpoint endpoint = endpoint_of(address);
  error_code error = state_->open(endpoint);
  if (error && address.host.empty()) error = state_->open({tcp::v4(), address.port});  // a host without IPv6
  if (error) return error;
  return ListenAddress{address.host, state_->acceptor.local_endpoint().port()};
}

asio::awaitable<void> HttpServer::serve() {
  const auto state = state_;
  co_await asio::this_coro::throw_if_cancelled(false);
  for (;;) {
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none || !state->acceptor.is_open()) break;
    co_await state->accept_one(state);
  }
  state->close_all();
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  while (!state->sessions.empty()) co_await state->wait(std::chrono::steady_clock::time_point::max());
}

}  // namespace healthd
