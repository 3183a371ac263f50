#include "exporters/web_stream.hpp"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>

namespace healthd {
namespace {

namespace beast = boost::beast;
using tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds linger{1};
constexpr std::size_t max_lingering_bytes = 64 * 1024;

asio::awaitable<void> drain(beast::tcp_stream& stream) {
  error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream.expires_after(linger);
  std::array<char, 4096> rest{};
  for (std::size_t read = 0; read < max_lingering_bytes;) {
    const auto [error, size] = co_await stream.async_read_some(asio::buffer(rest), as_tuple);
    if (error) break;
    read += size;
  }
  stream.close();
}

class PlainWebStream final : public WebStream {
 public:
  explicit PlainWebStream(tcp::socket socket) : stream_{std::move(socket)} {}

  void expires_after(std::chrono::milliseconds span) override { stream_.expires_after(span); }
  asio::awaitable<bool> handshake() override { co_return true; }

  asio::awaitable<Io> read_some(asio::mutable_buffer buffer) override {
    auto [error, bytes] = co_await stream_.async_read_some(buffer, as_tuple);
    co_return Io{error, bytes};
  }

  asio::awaitable<Io> write(asio::const_buffer buffer) override {
    auto [error, bytes] = co_await asio::async_write(stream_, buffer, as_tuple);
    co_return Io{error, bytes};
  }

  asio::awaitable<void> close_gently() override {
    if (stream_.socket().is_open()) co_await drain(stream_);
  }
  void close() override { stream_.close(); }

 private:
  beast::tcp_stream stream_;
};

class TlsWebStream final : public WebStream {
 public:
  TlsWebStream(tcp::socket socket, std::shared_ptr<asio::ssl::context> context)
      : context_{std::move(context)}, stream_{std::move(socket), *context_} {}

  void expires_after(std::chrono::milliseconds span) override { stream_.next_layer().expires_after(span); }

  asio::awaitable<bool> handshake() override {
    auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, as_tuple);
    note(error);
    co_return intact_;
  }

  asio::awaitable<Io> read_some(asio::mutable_buffer buffer) override {
    auto [error, bytes] = co_await stream_.async_read_some(buffer, as_tuple);
    note(error);
    co_return Io{error, bytes};
  }

  asio::awaitable<Io> write(asio::const_buffer buffer) override {
    auto [error, bytes] = co_await asio::async_write(stream_, buffer, as_tuple);
    note(error);
    co_return Io{error, bytes};
  }

  asio::awaitable<void> close_gently() override {
    if (!stream_.next_layer().socket().is_open()) co_return;
    if (intact_) {
      stream_.next_layer().expires_after(linger);
      co_await stream_.async_shutdown(as_tuple);
    }
    if (stream_.next_layer().socket().is_open()) co_await drain(stream_.next_layer());
  }
  void close() override { stream_.next_layer().close(); }

 private:
  /// After an error of its own OpenSSL has nothing more to say to the peer.
  void note(const error_code& error) { intact_ = !error || error == asio::error::eof; }

  std::shared_ptr<asio::ssl::context> context_;
  asio::ssl::stream<beast::tcp_stream> stream_;
  bool intact_ = false;
};

}  // namespace

std::unique_ptr<WebStream> make_web_stream(tcp::socket socket, std::shared_ptr<asio::ssl::context> context) {
  if (!context) return std::make_unique<PlainWebStream>(std::move(socket));
  return std::make_unique<TlsWebStream>(std::move(socket), std::move(context));
}

}  // namespace healthd
