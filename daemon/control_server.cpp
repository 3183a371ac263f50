#include "daemon/control_server.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstring>

#include "daemon/log.hpp"
#include "daemon/task_scope.hpp"
#include "probes/deadline.hpp"
#include "probes/with_deadline.hpp"

namespace healthd {
namespace {

using Local = asio::local::stream_protocol;

constexpr std::size_t most_bytes = 64 * 1024;
constexpr int most_connections = 16;
constexpr std::chrono::milliseconds pause_after_error{100};
constexpr mode_t socket_mode = 0660;

/// Not by name: to look that up may ask the network, and this is the loop. Our own commands say who asks.
std::string peer_of(Local::socket& socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return "unknown";
  return "uid " + std::to_string(peer.uid);
}

/// Why the file at `path` must stay; "" where it is a socket that nobody answers on, left behind by a process
/// that had no time to remove it.
std::string wanted_by_others(const asio::any_io_executor& executor, const std::string& path) {
  struct stat file{};
  if (::lstat(path.c_str(), &file) != 0) return path + ": " + std::strerror(errno);
  if (!S_ISSOCK(file.st_mode)) return path + " is a file, and no control socket";
  Local::socket probe{executor};
  boost::system::error_code error;
  probe.open(Local{}, error);
  probe.non_blocking(true, error);  // one that hangs takes no more connections, and would keep us waiting
  probe.connect(path, error);
  if (error == asio::error::connection_refused) return "";
  if (!error || error == asio::error::would_block || error == asio::error::try_again)
    return path + " is the control socket of another process that runs";
  return path + ": " + error.message();
}

/// Counts a connection for as long as it lives.
class Place {
 public:
  explicit Place(int& taken) : taken_{taken} { ++taken_; }
  ~Place() { --taken_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  int& taken_;
};

}  // namespace

struct ControlServer::Impl {
  Impl(asio::any_io_executor executor, std::string where, Handler what, std::chrono::milliseconds longest)
      : acceptor{executor},
        path{std::move(where)},
        handler{std::move(what)},
        patience{longest},
        connections{executor, report} {}

  static void report(const std::string& name, const std::string& error) {
    log_event(LogLevel::error, "task_failed", {{"task", name}, {"error", error}});
  }

  asio::awaitable<void> talk(Local::socket socket) {
    const Place place{open};
    auto work = exchange(socket);
    co_await with_deadline(std::move(work), Deadline::in(patience));
  }

  asio::awaitable<bool> exchange(Local::socket& socket) {
    const auto peer = peer_of(socket);
    std::string buffer;
    for (;;) {
      const auto [error, size] = co_await asio::async_read_until(
          socket, asio::dynamic_buffer(buffer, most_bytes), '\n', asio::as_tuple(asio::use_awaitable));
      if (error) co_return false;
      auto answering = handler(buffer.substr(0, size - 1), peer);
      buffer.erase(0, size);
      const auto answer = co_await std::move(answering) + "\n";
      const auto [broken, written] =
          co_await asio::async_write(socket, asio::buffer(answer), asio::as_tuple(asio::use_awaitable));
      if (broken) co_return false;
    }
  }

  Local::acceptor acceptor;
  std::string path;
  Handler handler;
  std::chrono::milliseconds patience;
  TaskScope connections;
  int open = 0;
  bool listening = false;
};

ControlServer::ControlServer(asio::any_io_executor executor, std::string path, Handler handler,
                             std::chrono::milliseconds patience)
    : impl_{std::make_unique<Impl>(std::move(executor), std::move(path), std::move(handler), patience)} {}

ControlServer::~ControlServer() {
  if (impl_->listening) ::unlink(impl_->path.c_str());
}

std::string ControlServer::listen() {
  auto& self = *impl_;
  boost::system::error_code error;
  // An empty one would bind to a name that any user may connect to.
  if (self.path.empty()) return "no path for the control socket is given";
  if (self.path.size() >= sizeof(sockaddr_un::sun_path))
    return "the path of the control socket is too long: " + self.path;
  self.acceptor.open(Local{}, error);
  if (error) return error.message();
  self.acceptor.bind(self.path, error);
  if (error == asio::error::address_in_use) {
    if (auto why = wanted_by_others(self.acceptor.get_executor(), self.path); !why.empty()) return why;
    ::unlink(self.path.c_str());
    self.acceptor.bind(self.path, error);
  }
  if (error)
    return "cannot make the control socket " + self.path + ": " + error.message() +
           "; give another place with --control.socket";
  self.listening = true;
  ::chmod(self.path.c_str(), socket_mode);
  self.acceptor.listen(most_connections, error);
  return error ? error.message() : "";
}

asio::awaitable<void> ControlServer::serve() {
  auto& self = *impl_;
  asio::steady_timer pause{self.acceptor.get_executor()};
  for (;;) {
    auto [error, socket] = co_await self.acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none) break;
    if (error) {
      pause.expires_after(pause_after_error);
      co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
      continue;
    }
    if (self.open >= most_connections) continue;
    self.connections.spawn("control connection", self.talk(std::move(socket)));
  }
  co_await asio::this_coro::reset_cancellation_state();
  co_await self.connections.stop();
}

}  // namespace healthd
