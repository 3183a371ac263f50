// A secret on disk, for configurations that name one.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace healthd::test {

/// A file that only its owner may read.
class SecretFile {
 public:
  explicit SecretFile(const std::string& text) {
    const int file = ::mkstemp(path_.data());
    ::close(file);
    std::ofstream{path_} << text << '\n';
  }
  ~SecretFile() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = (std::filesystem::temp_directory_path() / "healthd-url-XXXXXX").string();
};

}  // namespace healthd::test
