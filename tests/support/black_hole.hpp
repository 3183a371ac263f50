// Listeners whose backlog is full: whoever connects hears nothing at all.
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace healthd::test {

class BlackHole {
 public:
  /// On 127.0.0.`last`, which is an address of this machine like 127.0.0.1.
  explicit BlackHole(std::uint16_t port, std::uint8_t last = 2) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl((INADDR_LOOPBACK & ~0xFFU) | last);
    dig(&address, sizeof address, AF_INET);
  }

  explicit BlackHole(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    dig(&address, sizeof address, AF_UNIX);
  }

  ~BlackHole() {
    for (const int handle : handles_) ::close(handle);
  }
  BlackHole(const BlackHole&) = delete;
  BlackHole& operator=(const BlackHole&) = delete;

  /// Accepts all who wait: from then on there is room.
  void open() {
    for (int next = accept(); next >= 0; next = accept()) handles_.push_back(next);
  }

 private:
  void dig(const void* address, socklen_t size, int family) {
    const auto* raw = static_cast<const sockaddr*>(address);
    const int listener = handle(family);
    if (::bind(listener, raw, size) != 0 || ::listen(listener, 0) != 0)
      throw std::runtime_error{"cannot listen for a black hole"};
    for (int i = 0; i < 4; ++i) static_cast<void>(::connect(handle(family), raw, size));
  }

  int handle(int family) {
    const int made = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0) throw std::runtime_error{"no socket"};
    handles_.push_back(made);
    return made;
  }

  int accept() const { return ::accept4(handles_.front(), nullptr, nullptr, SOCK_CLOEXEC); }

  std::vector<int> handles_;  ///< the listener first
};

}  // namespace healthd::test
