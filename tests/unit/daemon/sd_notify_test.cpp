#include "daemon/sd_notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <cstring>
#include <string>

namespace healthd {
namespace {

/// What systemd would hold: a datagram socket, bound to an abstract name.
class Listener {
 public:
  Listener() : name_{"@superset-healthd-test-" + std::to_string(::getpid())} {
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name_.data() + 1, name_.size() - 1);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), length) == 0);
  }
  ~Listener() { ::close(fd_); }

  const std::string& name() const { return name_; }
  std::string receive() const {
    std::array<char, 256> buffer{};
    const auto size = ::recv(fd_, buffer.data(), buffer.size(), 0);
    return {buffer.data(), static_cast<std::size_t>(size)};
  }

 private:
  std::string name_;
  int fd_ = -1;
};

}  // namespace

TEST_CASE("systemd hears what is sent and is pinged three times as often as it asks") {
  const Listener systemd;
  ::setenv("NOTIFY_SOCKET", systemd.name().c_str(), 1);
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  ::unsetenv("WATCHDOG_PID");
  const auto notify = SdNotify::from_environment();
  notify.send("READY=1\nSTATUS=watching");
  CHECK(systemd.receive() == "READY=1\nSTATUS=watching");
  CHECK(notify.watchdog_interval() == std::chrono::seconds{10});
  ::setenv("WATCHDOG_PID", "1", 1);
  CHECK_FALSE(SdNotify::from_environment().watchdog_interval().has_value());
  for (const auto* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
}

TEST_CASE("without systemd nothing is sent and nothing fails") {
  const auto notify = SdNotify::from_environment();
  notify.send("READY=1");
  CHECK_FALSE(notify.watchdog_interval().has_value());
}

}  // namespace healthd
