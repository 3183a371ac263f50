#include "exporters/process_stats.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace healthd {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

/// When this host was started, by its clock of now. Not from /proc/stat, which a unit with ProcSubset=pid
/// does not see.
std::optional<double> boot_time() {
  timespec now{}, since_boot{};
  if (::clock_gettime(CLOCK_REALTIME, &now) != 0 || ::clock_gettime(CLOCK_BOOTTIME, &since_boot) != 0)
    return std::nullopt;
  return static_cast<double>(now.tv_sec - since_boot.tv_sec) +
         static_cast<double>(now.tv_nsec - since_boot.tv_nsec) / 1e9;
}

/// Field 22 of /proc/self/stat: ticks after boot. The second field may hold spaces, so count from its `)`.
std::optional<double> ticks_at_start() {
  std::ifstream file{"/proc/self/stat"};
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest{line.substr(name_end + 1)};
  std::string skipped;
  for (int field = 3; field < 22; ++field) rest >> skipped;
  double ticks = 0;
  return rest >> ticks ? std::optional{ticks} : std::nullopt;
}

std::optional<double> start_time() {
  static const std::optional<double> since_epoch = []() -> std::optional<double> {
    const auto boot = boot_time();
    const auto ticks = ticks_at_start();
    if (!boot || !ticks) return std::nullopt;
    return *boot + *ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
  }();
  return since_epoch;
}

std::optional<double> count_open_fds() {
  std::error_code error;
  const std::filesystem::directory_iterator fds{"/proc/self/fd", error};
  if (error) return std::nullopt;
  return static_cast<double>(std::distance(begin(fds), end(fds)) -
                             1);  // without the one that reads the folder
}

}  // namespace

ProcessStats read_process_stats() {
  ProcessStats stats;
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0)
    stats.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);

  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  double total = 0, resident = 0;
  if (std::ifstream{"/proc/self/statm"} >> total >> resident) {
    stats.virtual_bytes = total * page;
    stats.resident_bytes = resident * page;
  }

  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) stats.max_fds = static_cast<double>(limit.rlim_cur);
  stats.open_fds = count_open_fds();
  stats.start_time = start_time();
  return stats;
}

}  // namespace healthd
