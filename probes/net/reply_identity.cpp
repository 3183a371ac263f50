#include "probes/net/reply_identity.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <fstream>

#include "probes/net/uuid.hpp"

namespace healthd {
namespace {

constexpr int most_processes = 16;

std::string machine() {
  std::ifstream file{"/etc/machine-id"};
  std::string id;
  std::getline(file, id);
  std::array<char, 256> host{};
  // Cloned machines share their id, containers often have none.
  if (::gethostname(host.data(), host.size() - 1) == 0) id += std::string{"/"} + host.data();
  return id;
}

/// A name in the abstract socket space is ours while we live and is freed by the kernel whichever way we end.
/// -1 where another process holds it.
int claim(const std::string& id) {
  const int handle = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (handle < 0) return -1;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto name = "superset-healthd/" + id;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  const void* raw = &address;
  if (::bind(handle, static_cast<const sockaddr*>(raw), length) == 0) return handle;
  ::close(handle);
  return -1;
}

}  // namespace

ReplyIdentity::ReplyIdentity(std::string_view stack, std::string_view broker) {
  const auto base = machine() + "/" + std::string{stack} + "/" + std::string{broker} + "/";
  for (int place = 0; place < most_processes; ++place) {
    id_ = named_uuid(base + std::to_string(place));
    claim_ = claim(id_);
    if (claim_ >= 0) return;
  }
  // Too many at once, or no sockets for us here: never shared, but a crash is then not cleaned up after.
  id_ = random_uuid();
}

ReplyIdentity::~ReplyIdentity() {
  if (claim_ >= 0) ::close(claim_);
}

}  // namespace healthd
