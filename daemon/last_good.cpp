#include "daemon/last_good.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "config/options.hpp"

namespace healthd {
namespace {

bool write_all(int file, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const auto count = ::write(file, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    done += static_cast<std::size_t>(count);
  }
  return ::fsync(file) == 0;
}

}  // namespace

LastGood::LastGood(const std::string& folder) {
  if (!folder.empty()) path_ = folder + "/config.last-good.yaml";
}

std::string LastGood::keep(const std::string& text) const {
  if (path_.empty() || this->text() == text) return "";
  const auto fresh = path_ + ".new";
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  bool kept = file >= 0 && write_all(file, text);
  if (file >= 0 && ::close(file) != 0) kept = false;
  if (kept && std::rename(fresh.c_str(), path_.c_str()) == 0) return "";
  const std::string why = std::strerror(errno);
  ::unlink(fresh.c_str());
  return fresh + ": " + why;
}

std::optional<std::string> LastGood::text() const {
  if (path_.empty()) return std::nullopt;
  Problems nobody;
  return read_text_file(path_, nobody);
}

}  // namespace healthd
