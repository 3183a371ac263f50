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
#include <exception>
#include <list>
#include <optional>
#include <utility>

#include "exporters/http_messages.hpp"
#include "exporters/web_place.hpp"
#include "exporters/web_stream.hpp"

namespace healthd {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds accept_pause{100};
constexpr std::size_t read_bytes = 2048;

struct Session {
  std::unique_ptr<WebStream> stream;
  asio::ip::address client;  ///< of IPv6 the network, of which one host has as many addresses as it likes
  WebPlace place = {};
  bool leaving = false;  ///< closed by us, and about to end
};
using Sessions = std::list<Session>;  ///< the newest client last

asio::ip::address client_of(const asio::ip::address& address) {
  if (address.is_v4()) return address;
  const auto v6 = address.to_v6();
  if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6);
  if (v6.is_loopback()) return address;
  auto bytes = v6.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return asio::ip::address_v6{bytes};
}

void leave(Session& session) {
  session.leaving = true;
  session.stream->close();
}

/// Reads until the header is complete. What comes behind it stays in `buffer`, for its turn.
asio::awaitable<error_code> read_header(WebStream& stream, beast::flat_buffer& buffer, HttpParser& parser) {
  for (;;) {
    if (buffer.size() > 0) {
      error_code error;
      buffer.consume(parser.put(buffer.data(), error));
      if (error && error != http::error::need_more) co_return error;
      if (parser.is_header_done()) co_return error_code{};
    }
    const auto room = std::min(read_bytes, buffer.max_size() - buffer.size());
    if (room == 0) co_return http::error::buffer_overflow;
    const auto space = buffer.prepare(room);
    const auto read = co_await stream.read_some(space);
    if (read.error == asio::error::eof) co_return http::error::end_of_stream;
    if (read.error) co_return read.error;
    buffer.commit(read.bytes);
  }
}

tcp::endpoint endpoint_of(const ListenAddress& address) {
  if (address.host.empty()) return {tcp::v6(), address.port};
  return {asio::ip::make_address(address.host), address.port};
}

}  // namespace

struct HttpServer::State {
  State(asio::any_io_executor executor, WebHandler web_handler, std::function<void(unsigned)> on_refused,
        WebLimits web_limits, WebFront web_front)
      : loop{std::move(executor)},
        handler{std::move(web_handler)},
        refused{std::move(on_refused)},
        limits{web_limits},
        front{std::move(web_front)},
        acceptor{loop},
        change{loop} {}

  error_code open(const tcp::endpoint& endpoint);
  static void start(const std::shared_ptr<State>& state, tcp::socket socket);
  static asio::awaitable<void> converse(std::shared_ptr<State> state, Sessions::iterator session);
  asio::awaitable<bool> await_request(Sessions::iterator session, beast::flat_buffer& buffer, bool first);
  asio::awaitable<bool> exchange(Session& session, beast::flat_buffer& buffer);
  asio::awaitable<WebResponse> answer(const WebRequest& request);
  asio::awaitable<void> accept_one(const std::shared_ptr<State>& state);
  asio::awaitable<void> wait(std::chrono::steady_clock::time_point until);
  std::size_t count() const;
  bool make_room_for(const asio::ip::address& client);
  bool close_one(const std::function<bool(const Session&)>& may_go);
  void close_one_for_the_next();
  void close_all();

  asio::any_io_executor loop;
  WebHandler handler;
  std::function<void(unsigned)> refused;
  WebLimits limits;
  WebFront front;
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
  error_code gone;
  const auto peer = socket.remote_endpoint(gone);
  if (gone) return;
  const auto client = client_of(peer.address());
  if (!state->make_room_for(client)) return;
  auto context = state->front.tls ? state->front.tls() : nullptr;
  auto stream = make_web_stream(std::move(socket), std::move(context));
  const auto session = state->sessions.emplace(state->sessions.end(), std::move(stream), client);
  asio::co_spawn(state->loop, converse(state, session), [state, session](std::exception_ptr bug) {
    state->sessions.erase(session);
    state->change.cancel();
    if (bug) std::rethrow_exception(bug);
  });
}

asio::awaitable<void> HttpServer::State::converse(std::shared_ptr<State> state, Sessions::iterator session) {
  beast::flat_buffer buffer{2 * state->limits.header_bytes};
  session->stream->expires_after(state->limits.handshake);
  bool open = co_await session->stream->handshake();
  if (open) open = co_await state->await_request(session, buffer, true);
  while (open) {
    open = co_await state->exchange(*session, buffer);
    if (open) open = co_await state->await_request(session, buffer, false);
  }
  co_await session->stream->close_gently();
}

/// Waits for the first byte of a request. A new client has no longer for it than for the whole request.
asio::awaitable<bool> HttpServer::State::await_request(Sessions::iterator session, beast::flat_buffer& buffer,
                                                       bool first) {
  auto& stream = *session->stream;
  if (buffer.size() == 0) {
    session->place = {WebPlace::silent};
    change.cancel();
    stream.expires_after(first ? limits.read : limits.idle);
    const auto space = buffer.prepare(1024);
    const auto read = co_await stream.read_some(space);
    if (read.error) co_return false;
    buffer.commit(read.bytes);
  }
  session->place = {WebPlace::speaking};
  if (!first) stream.expires_after(limits.read);
  co_return true;
}

/// Reads one request and answers it; whether the connection stays open.
asio::awaitable<bool> HttpServer::State::exchange(Session& session, beast::flat_buffer& buffer) {
  HttpParser parser;
  parser.header_limit(limits.header_bytes);
  const auto error = co_await read_header(*session.stream, buffer, parser);
  session.place = {WebPlace::answered};
  auto refused_with = error ? answer_to_unreadable(error) : refusal(parser, limits);
  if (error && !refused_with) co_return false;

  const bool keep_alive = !refused_with && parser.get().keep_alive();
  WebResponse response;
  if (refused_with) {
    response = std::move(*refused_with);
    if (refused) refused(response.status);
  } else {
    auto request = request_of(parser);
    request.from = session.client;
    response = co_await answer(request);
  }
  const bool header_only = parser.get().method() == http::verb::head;
  session.stream->expires_after(limits.write);
  const auto over = front.fields ? front.fields() : WebFields{};
  const auto text = text_of(std::move(response), over, keep_alive, header_only);
  const auto written = co_await session.stream->write(asio::buffer(text));
  co_return !written.error && keep_alive;
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
  if (count() > limits.connections) {
    close_one_for_the_next();
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

std::size_t HttpServer::State::count() const {
  const auto stays = [](const Session& session) { return !session.leaving; };
  return static_cast<std::size_t>(std::ranges::count_if(sessions, stays));
}

/// Whether the client may have one more, for which one of its others goes where it has as many as it may.
bool HttpServer::State::make_room_for(const asio::ip::address& client) {
  const auto most = client.is_loopback() ? limits.per_loopback_address : limits.per_address;
  const auto is_theirs = [&client](const Session& each) { return !each.leaving && each.client == client; };
  if (static_cast<std::size_t>(std::ranges::count_if(sessions, is_theirs)) < most) return true;
  return close_one(is_theirs);
}

/// False where all of them are being answered.
bool HttpServer::State::close_one(const std::function<bool(const Session&)>& may_go) {
  const auto now = std::chrono::steady_clock::now();
  Session* first = nullptr;
  for (Session& each : sessions) {
    if (each.place.stage == WebPlace::answered || !may_go(each)) continue;
    if (!first || goes_before(each.place, first->place, now)) first = &each;
  }
  if (first) leave(*first);
  return first != nullptr;
}

/// The newest is spared: it has had no time to speak. With all others being answered, the next client waits.
void HttpServer::State::close_one_for_the_next() {
  const Session* newest = &sessions.back();
  close_one([newest](const Session& each) { return !each.leaving && &each != newest; });
}

void HttpServer::State::close_all() {
  error_code ignored;
  acceptor.close(ignored);
  for (Session& session : sessions) leave(session);
}

HttpServer::HttpServer(asio::any_io_executor loop, WebHandler handler, std::function<void(unsigned)> refused,
                       WebLimits limits, WebFront front)
    : state_{std::make_shared<State>(std::move(loop), std::move(handler), std::move(refused), limits,
                                     std::move(front))} {}

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
