#include "config/path_option.hpp"

#include <filesystem>

namespace healthd {

std::string beside(const std::string& file, const std::string& path) {
  return (std::filesystem::path{file}.parent_path() / path).string();
}

std::string path_option(Options& options, std::string_view key) {
  const auto path = options.text(key);
  return path.empty() ? "" : beside(options.place(key).file, path);
}

}  // namespace healthd
