#include "tests/support/process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <thread>

namespace healthd::test {
namespace {

using namespace std::chrono_literals;

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> raw;
  for (auto& text : texts) raw.push_back(text.data());
  raw.push_back(nullptr);
  return raw;
}

std::vector<std::string> environment(const Command& command) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) all.emplace_back(*entry);
  // The first of two entries of one name counts.
  for (const auto& [name, value] : command.env) all.insert(all.begin(), name + "=" + value);
  return all;
}

/// Runs in the child: only async-signal-safe calls until the program takes over.
[[noreturn]] void become(char* const* argv, char* const* env, const char* cwd, int log) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (::chdir(cwd) == 0 && ::dup2(null, 0) >= 0 && ::dup2(log, 1) >= 0 && ::dup2(log, 2) >= 0)
    ::execve(argv[0], argv, env);
  ::_exit(127);
}

}  // namespace

TempDir::TempDir() {
  auto name = (std::filesystem::temp_directory_path() / "healthd-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"no temporary folder"};
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Process::Process(const Command& command) {
  auto arguments = command.argv;
  auto variables = environment(command);
  const auto argv = pointers(arguments);
  const auto env = pointers(variables);
  const auto cwd = command.cwd.string();
  const int log = ::open(command.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  pid_ = ::fork();
  if (pid_ == 0) become(argv.data(), env.data(), cwd.c_str(), log);
  ::close(log);
  if (pid_ < 0) throw std::runtime_error{"cannot fork"};
  ::setpgid(pid_, pid_);
}

Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    stop();
    pid_ = std::exchange(other.pid_, 0);
  }
  return *this;
}

Process::~Process() { stop(); }

bool Process::running() {
  if (pid_ <= 0) return false;
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

void Process::signal(int number) const {
  if (pid_ > 0) ::kill(-pid_, number);
}

void Process::stop(std::chrono::milliseconds patience) {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGTERM);
  signal(SIGCONT);
  wait_until([this] { return !running(); }, patience);
  signal(SIGKILL);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = 0;
}

std::uint16_t free_port() {
  const int handle = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  void* raw = &address;
  socklen_t length = sizeof address;
  const bool bound = ::bind(handle, static_cast<sockaddr*>(raw), length) == 0 &&
                     ::getsockname(handle, static_cast<sockaddr*>(raw), &length) == 0;
  ::close(handle);
  if (!bound) throw std::runtime_error{"no free port"};
  return ntohs(address.sin_port);
}

bool wait_until(const std::function<bool()>& condition, std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(20ms);
  }
  return true;
}

}  // namespace healthd::test
