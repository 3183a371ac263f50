#include "tests/support/postgres_server.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <pqxx/pqxx>
#include <stdexcept>
#include <thread>

#include "tests/support/process.hpp"

namespace healthd::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// From the folder that HEALTHD_POSTGRES_BIN names, else of the newest version that is installed.
fs::path program(const std::string& name) {
  if (const char* folder = std::getenv("HEALTHD_POSTGRES_BIN")) return fs::path{folder} / name;
  std::vector<fs::path> found;
  for (const auto& version : fs::directory_iterator{"/usr/lib/postgresql"})
    if (fs::exists(version.path() / "bin" / name)) found.push_back(version.path() / "bin" / name);
  if (found.empty()) throw std::runtime_error{"no PostgreSQL server here: install the package `postgresql`"};
  return *std::ranges::max_element(found);
}

struct User {
  uid_t uid = ::geteuid();
  gid_t gid = ::getegid();
};

User server_user() {
  User user;
  if (user.uid != 0) return user;
  const passwd* entry = ::getpwnam("postgres");
  if (entry == nullptr) throw std::runtime_error{"PostgreSQL refuses root, and there is no user `postgres`"};
  return {entry->pw_uid, entry->pw_gid};
}

fs::path make_folder(const User& user) {
  std::string pattern = (fs::temp_directory_path() / "healthd-pg-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"no temporary folder"};
  if (::chown(pattern.c_str(), user.uid, user.gid) != 0)
    throw std::runtime_error{"chown of the temporary folder"};
  return pattern;
}

/// Between fork and exec: nothing but system calls.
[[noreturn]] void become(const User& user, const char* log, char* const* arguments) {
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  ::setpgid(0, 0);
  if (::geteuid() == 0 &&
      (::setgroups(0, nullptr) != 0 || ::setgid(user.gid) != 0 || ::setuid(user.uid) != 0))
    ::_exit(126);
  const int out = ::open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(out, 1);
  ::dup2(out, 2);
  if (::chdir("/") != 0) ::_exit(126);
  ::execv(arguments[0], arguments);
  ::_exit(127);
}

pid_t spawn(const User& user, const fs::path& log, std::vector<std::string> command) {
  std::vector<char*> arguments;
  for (auto& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error{"fork failed"};
  if (child == 0) become(user, log.c_str(), arguments.data());
  return child;
}

std::string content(const fs::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

void run(const User& user, const fs::path& log, std::vector<std::string> command) {
  int status = 0;
  const auto name = command.front();
  if (::waitpid(spawn(user, log, std::move(command)), &status, 0) < 0 || status != 0)
    throw std::runtime_error{name + " failed:\n" + content(log)};
}

pqxx::connection as_superuser(const std::string& folder, std::uint16_t port) {
  return pqxx::connection{"host=" + folder + " port=" + std::to_string(port) +
                          " user=postgres dbname=postgres connect_timeout=5"};
}

}  // namespace

PostgresServer::PostgresServer(const std::vector<std::string>& settings)
    : folder_{make_folder(server_user())}, port_{free_port()} {
  const auto data = folder_ / "data";
  run(server_user(), folder_ / "initdb.log",
      {program("initdb"), "-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync",
       "--auth-local=trust", "--auth-host=scram-sha-256"});
  std::ofstream conf{data / "postgresql.conf", std::ios::app};
  conf << "listen_addresses = '127.0.0.1'\nport = " << port_ << "\nunix_socket_directories = '"
       << folder_.string()
       << "'\nfsync = off\nshared_buffers = 16MB\nmax_connections = 20\nautovacuum = off\n";
  for (const auto& line : settings) conf << line << '\n';
  conf.close();
  start();
}

PostgresServer::PostgresServer(PostgresServer& primary, Standby)
    : folder_{make_folder(server_user())}, port_{free_port()} {
  primary.stop();
  run(server_user(), folder_ / "copy.log", {"/bin/cp", "-a", primary.folder_ / "data", folder_ / "data"});
  primary.start();
  std::ofstream conf{folder_ / "data" / "postgresql.conf", std::ios::app};
  conf << "port = " << port_ << "\nunix_socket_directories = '" << folder_.string()
       << "'\nprimary_conninfo = 'host=" << primary.folder_.string() << " port=" << primary.port_
       << " user=postgres application_name=twin'\n";
  conf.close();
  std::ofstream{folder_ / "data" / "standby.signal"};
  start();
}

PostgresServer::~PostgresServer() {
  kill();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void PostgresServer::start() {
  postmaster_ = spawn(server_user(), folder_ / "server.log", {program("postgres"), "-D", folder_ / "data"});
  wait_until_ready();
}

void PostgresServer::stop() {
  if (postmaster_ == 0) return;
  ::kill(postmaster_, SIGINT);
  ::waitpid(postmaster_, nullptr, 0);
  postmaster_ = 0;
}

void PostgresServer::become_standby() {
  stop();
  std::ofstream{folder_ / "data" / "standby.signal"};
  start();
}

void PostgresServer::kill() {
  if (postmaster_ == 0) return;
  signal_tree(SIGKILL);
  ::waitpid(postmaster_, nullptr, 0);
  postmaster_ = 0;
}

std::string PostgresServer::dsn(const std::string& user, const std::string& database) const {
  return "host=127.0.0.1 port=" + std::to_string(port_) + " user=" + user + " dbname=" + database;
}

void PostgresServer::execute(const std::vector<std::string>& statements) const {
  auto connection = as_superuser(socket_folder(), port_);
  pqxx::nontransaction work{connection};
  for (const auto& statement : statements) work.exec(statement);
}

std::string PostgresServer::ask(const std::string& sql) const {
  auto connection = as_superuser(socket_folder(), port_);
  pqxx::nontransaction work{connection};
  const auto rows = work.exec(sql);
  return rows[0][0].c_str();
}

void PostgresServer::freeze_postmaster() const { ::kill(postmaster_, SIGSTOP); }
void PostgresServer::freeze_all() const { signal_tree(SIGSTOP); }
void PostgresServer::thaw() const { signal_tree(SIGCONT); }

std::vector<pid_t> PostgresServer::tree() const {
  std::vector<pid_t> processes{postmaster_};
  const auto id = std::to_string(postmaster_);
  std::ifstream children{"/proc/" + id + "/task/" + id + "/children"};
  for (pid_t child = 0; children >> child;) processes.push_back(child);
  return processes;
}

void PostgresServer::signal_tree(int signal) const {
  for (const pid_t process : tree()) ::kill(process, signal);
}

void PostgresServer::wait_until_ready() const {
  const auto give_up = std::chrono::steady_clock::now() + 20s;
  while (std::chrono::steady_clock::now() < give_up) {
    try {
      as_superuser(socket_folder(), port_);
      return;
    } catch (const pqxx::broken_connection&) {
      std::this_thread::sleep_for(20ms);
    }
  }
  throw std::runtime_error{"PostgreSQL did not start:\n" + content(folder_ / "server.log")};
}

}  // namespace healthd::test
