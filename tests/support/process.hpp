// Real programs as children of a test: started, frozen and stopped by their process id, never by name.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace healthd::test {

/// A folder that goes away with its object.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct Command {
  std::vector<std::string> argv;                              ///< argv[0] is the program's path
  std::vector<std::pair<std::string, std::string>> env = {};  ///< added to ours
  std::filesystem::path cwd = "/";
  std::filesystem::path log = "/dev/null";  ///< takes stdout and stderr
};

/// A child in a process group of its own, which ends with this object.
class Process {
 public:
  Process() = default;
  explicit Process(const Command& command);
  Process(Process&& other) noexcept : pid_{std::exchange(other.pid_, 0)} {}
  Process& operator=(Process&& other) noexcept;
  ~Process();

  pid_t pid() const { return pid_; }
  bool running();
  /// To the whole group: SIGSTOP freezes a server with its workers.
  void signal(int number) const;
  /// SIGTERM to the child, SIGKILL to what is left of the group after `patience`; returns once it is gone.
  void stop(std::chrono::milliseconds patience = std::chrono::seconds{5});

 private:
  pid_t pid_ = 0;
};

/// A TCP port of 127.0.0.1 that nobody listens on now.
std::uint16_t free_port();

/// Asks `condition` over and over; false where `patience` passed without a yes.
bool wait_until(const std::function<bool()>& condition,
                std::chrono::milliseconds patience = std::chrono::seconds{20});

}  // namespace healthd::test
