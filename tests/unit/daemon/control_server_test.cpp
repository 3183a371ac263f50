#include "daemon/control_server.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace healthd {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// A folder with the path of a socket in it.
class Place {
 public:
  Place() {
    std::string name = fs::temp_directory_path() / "healthd-control-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~Place() { fs::remove_all(folder_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  std::string socket() const { return folder_ + "/control.sock"; }

 private:
  std::string folder_;
};

/// Answers each line with the peer's name and the line.
asio::awaitable<std::string> echo(std::string request, std::string peer) {
  co_return peer + " says " + request;
}

/// A server on a loop of its own. Stopping waits until every connection has ended: a leak hangs the test.
class Running {
 public:
  explicit Running(const std::string& path, std::chrono::milliseconds patience = 10s)
      : server_{std::make_unique<ControlServer>(loop_.get_executor(), path, echo, patience)} {
    if (const auto trouble = server_->listen(); !trouble.empty()) throw std::runtime_error{trouble};
    asio::co_spawn(loop_, server_->serve(), asio::bind_cancellation_slot(stop_.slot(), rethrow));
    thread_ = std::thread{[this] { loop_.run(); }};
  }
  ~Running() {
    asio::post(loop_, [this] { stop_.emit(asio::cancellation_type::terminal); });
    thread_.join();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  static void rethrow(std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  }
  asio::io_context loop_{1};
  std::unique_ptr<ControlServer> server_;
  asio::cancellation_signal stop_;
  std::thread thread_;
};

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

class Client {
 public:
  explicit Client(const std::string& path) : socket_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    constexpr timeval guard{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &guard, sizeof guard);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &guard, sizeof guard);
    const auto address = address_of(path);
    const auto* where = reinterpret_cast<const sockaddr*>(&address);
    if (::connect(socket_, where, sizeof address) != 0) throw std::runtime_error{std::strerror(errno)};
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool send(const std::string& bytes) {
    return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }
  /// Up to the line's end; "" where the other end is closed.
  std::string line() {
    std::string text;
    for (char letter = 0; ::recv(socket_, &letter, 1, 0) == 1 && letter != '\n';) text += letter;
    return text;
  }
  std::string ask(const std::string& request) { return send(request + "\n") ? line() : ""; }
  bool closed() {
    char letter = 0;
    const auto got = ::recv(socket_, &letter, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET);
  }

 private:
  int socket_;
};

std::string trouble_at(const std::string& path) {
  asio::io_context loop{1};
  return ControlServer{loop.get_executor(), path, echo}.listen();
}

/// As a process that was killed leaves it.
void leave_stale_socket(const std::string& path) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = address_of(path);
  REQUIRE(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(socket, 1) == 0);
  ::close(socket);
  REQUIRE(fs::exists(path));
}

std::string my_name() { return "uid " + std::to_string(::geteuid()); }

}  // namespace

TEST_CASE("each line gets its answer, and the server knows who asks") {
  const Place place;
  const Running server{place.socket()};
  Client client{place.socket()};
  CHECK(client.ask("one") == my_name() + " says one");
  CHECK(client.ask("two") == my_name() + " says two");
  REQUIRE(client.send("three\nfo"));
  CHECK(client.line() == my_name() + " says three");
  CHECK(client.ask("ur") == my_name() + " says four");
}

TEST_CASE("only the owner and the group may command, and the file goes with the server") {
  const Place place;
  {
    const Running server{place.socket()};
    CHECK(fs::status(place.socket()).permissions() == static_cast<fs::perms>(0660));
  }
  CHECK_FALSE(fs::exists(place.socket()));
}

TEST_CASE("a socket that a killed process left behind is replaced") {
  const Place place;
  leave_stale_socket(place.socket());
  const Running server{place.socket()};
  CHECK(Client{place.socket()}.ask("hello") == my_name() + " says hello");
}

TEST_CASE("a second daemon gets no socket, and does not take the first one's away") {
  const Place place;
  const Running server{place.socket()};
  CHECK(trouble_at(place.socket()) == place.socket() + " is the control socket of another process that runs");
  CHECK(Client{place.socket()}.ask("hello") == my_name() + " says hello");
}

TEST_CASE("a daemon that hangs still owns its socket, and does not make the second one hang") {
  const Place place;
  const int hung = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = address_of(place.socket());
  REQUIRE(::bind(hung, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(hung, 0) == 0);
  const Client waits{place.socket()};  // nobody accepts it, and there is room for no other
  CHECK(trouble_at(place.socket()).find("another process that runs") != std::string::npos);
  CHECK(fs::exists(place.socket()));
  ::close(hung);
}

TEST_CASE("a file that is no socket is never removed") {
  const Place place;
  std::ofstream{place.socket()} << "stack: production\n";
  CHECK(trouble_at(place.socket()) == place.socket() + " is a file, and no control socket");
  CHECK(fs::file_size(place.socket()) == 18);
}

TEST_CASE("where no socket can be, the reason is told and names the flag") {
  const Place place;
  CHECK(trouble_at(place.socket() + "/nowhere/x").find("--control.socket") != std::string::npos);
  CHECK(trouble_at("/tmp/" + std::string(200, 'x')).find("too long") != std::string::npos);
  CHECK_FALSE(trouble_at("").empty());
}

TEST_CASE("a line longer than 64 KiB ends the connection, and no other one") {
  const Place place;
  const Running server{place.socket()};
  Client greedy{place.socket()};
  Client modest{place.socket()};
  greedy.send(std::string(80 * 1024, 'x'));
  CHECK(greedy.closed());
  CHECK(modest.ask(std::string(60 * 1024, 'x')).size() == my_name().size() + 6 + 60 * 1024);
}

TEST_CASE("who says nothing, or reads nothing, is let go in time") {
  const Place place;
  const Running server{place.socket(), 300ms};
  Client silent{place.socket()};
  Client halfway{place.socket()};
  Client deaf{place.socket()};
  REQUIRE(halfway.send("half a line"));
  const std::string long_line = std::string(32 * 1024, 'x') + "\n";
  for (int i = 0; i < 100 && deaf.send(long_line); ++i) {
  }
  CHECK(silent.closed());
  CHECK(halfway.closed());
  CHECK(Client{place.socket()}.ask("hello") == my_name() + " says hello");
}

TEST_CASE("the seventeenth connection is closed at once, and has a place when another one has gone") {
  const Place place;
  const Running server{place.socket()};
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 16; ++i) {
    clients.push_back(std::make_unique<Client>(place.socket()));
    REQUIRE(clients.back()->ask("hello") == my_name() + " says hello");
  }
  CHECK(Client{place.socket()}.closed());
  clients.pop_back();
  const auto give_up = std::chrono::steady_clock::now() + 10s;
  std::string answer;
  while (answer.empty() && std::chrono::steady_clock::now() < give_up)
    answer = Client{place.socket()}.ask("hello");
  CHECK(answer == my_name() + " says hello");
}

}  // namespace healthd
