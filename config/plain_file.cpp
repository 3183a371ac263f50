#include "config/plain_file.hpp"

#include <sys/stat.h>

namespace healthd {

std::string not_a_plain_file(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode)) return "";
  return "is not a regular file";
}

}  // namespace healthd
