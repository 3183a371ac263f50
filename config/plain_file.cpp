#include "config/plain_file.hpp"

#include <sys/stat.h>

#include <filesystem>

namespace healthd {

std::string not_a_plain_file(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode)) return "";
  return "is not a regular file";
}

std::string named_file(Options& options, std::string_view key) {
  const auto named = options.text(key);
  if (named.empty()) return "";
  return (std::filesystem::path{options.place().file}.parent_path() / named).string();
}

}  // namespace healthd
