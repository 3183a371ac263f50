#include "daemon/failpoint.hpp"

#include <unistd.h>

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string>

namespace healthd {
namespace {

struct Wanted {
  std::string name;
  int occurrence = 1;
};

Wanted from_environment() {
  const char* text = std::getenv("HEALTHD_FAILPOINT");
  if (text == nullptr) return {};
  const std::string_view all{text};
  const auto colon = all.find(':');
  Wanted wanted{std::string{all.substr(0, colon)}, 1};
  if (colon != all.npos) std::from_chars(text + colon + 1, text + all.size(), wanted.occurrence);
  return wanted;
}

}  // namespace

bool failpoint_reached(std::string_view name) {
  static const Wanted wanted = from_environment();
  if (wanted.name.empty() || wanted.name != name) return false;
  static std::atomic<int> seen{0};
  return ++seen == wanted.occurrence;
}

void failpoint(std::string_view name) {
  if (failpoint_reached(name)) kill(getpid(), SIGKILL);
}

void block_at(std::string_view name) {
  if (!failpoint_reached(name)) return;
  for (;;) pause();
}

}  // namespace healthd
