#include "config/secret_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace healthd {
namespace {

constexpr std::size_t largest = 64 * 1024;

class File {
 public:
  /// Not blocking, so that a named pipe cannot hold up the start.
  explicit File(const std::string& path) : number_{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)} {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (number_ >= 0) close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

std::string last_error() { return std::error_code{errno, std::generic_category()}.message(); }

/// "" where the file may be used.
std::string objection(const struct stat& status) {
  if (!S_ISREG(status.st_mode)) return "is not a regular file";
  if ((status.st_mode & (S_IROTH | S_IWOTH)) != 0) return "is open to every user; run chmod o-rwx on it";
  if (status.st_size == 0) return "is empty";
  if (static_cast<std::size_t>(status.st_size) > largest) return "is larger than 64 KiB";
  return "";
}

/// As much as fits; nullopt when reading fails.
std::optional<std::string> read_all(int file, std::size_t size) {
  std::string content(size, '\0');
  std::size_t used = 0;
  while (used < size) {
    const auto count = read(file, content.data() + used, size - used);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::nullopt;
    if (count == 0) break;
    used += static_cast<std::size_t>(count);
  }
  content.resize(used);
  return content;
}

void cut_newline(std::string& text) {
  if (!text.ends_with('\n')) return;
  text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
}

}  // namespace

std::optional<Secret> read_secret_file(const std::string& path, std::string& error) {
  const File file{path};
  struct stat status{};
  if (file.number() < 0 || fstat(file.number(), &status) != 0) {
    error = "cannot be read: " + last_error();
    return std::nullopt;
  }
  error = objection(status);
  if (!error.empty()) return std::nullopt;
  auto content = read_all(file.number(), static_cast<std::size_t>(status.st_size));
  if (!content) {
    error = "cannot be read: " + last_error();
    return std::nullopt;
  }
  cut_newline(*content);
  Secret secret{std::move(*content)};  // from here on zeroed, whatever comes
  if (secret.empty()) error = "is empty";
  if (secret.reveal().find('\0') != std::string_view::npos) error = "holds a NUL byte";
  if (!error.empty()) return std::nullopt;
  return secret;
}

}  // namespace healthd
