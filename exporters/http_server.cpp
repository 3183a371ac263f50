// The only source with Beast's stream algorithms: they are slow to compile.
#include "exporters/http_server.hpp"

#include <algorithm>
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
#include <iterator>
#include <list>
#include <optional>
#include <utility>

#include "exporters/http_messages.hpp"

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

asio::awaitable<bool> write(beast::tcp_stream& stream, HttpMessage message, bool header_only) {
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
  asio::steady_timer change;  ///< cancelled when a session has ended or become idle
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
    change.cancel();
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
  HttpParser parser;
  parser.header_limit(limits.header_bytes);
  const auto [error, size] = co_await http::async_read_header(stream, buffer, parser, as_tuple);
  auto refused_with = error ? answer_to_unreadable(error) : refusal(parser, limits);
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
  HttpMessage message = message_of(std::move(response), keep_alive);
  const bool written = co_await write(stream, std::move(message), header_only);
  co_return written&& keep_alive;
}

asio::awaitable<WebResponse> HttpServer::State::answer(const WebRequest& request) {
  try {
    co_return co_await handler(request);
  } catch (const std::exception&) {
    if (refused) refused(500);
  }
  co_return text_response(500, "This page could not be made; that is a bug.");
}

asio::awaitable<void> HttpServer::State::wait(std::chrono::steady_clock::time_point until) {
  change.expires_at(until);
  co_await change.async_wait(as_tuple);
}

asio::awaitable<void> HttpServer::State::accept_one(const std::shared_ptr<State>& state) {
  if (sessions.size() > limits.connections) {
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

/// The newest is spared: it has had no time to speak. With nobody else idle, the next client waits.
void HttpServer::State::close_longest_idle() {
  const auto newest = std::prev(sessions.end());
  const auto idle =
      std::find_if(sessions.begin(), newest, [](const Session& session) { return session.idle; });
  if (idle != newest) idle->stream.close();
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
