// A real PostgreSQL server for one test: own folder, own port on 127.0.0.1, gone with the object.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace healthd::test {

class PostgresServer {
 public:
  /// Makes the cluster and waits until it answers. `settings` are lines of postgresql.conf. PostgreSQL
  /// refuses root; as root it runs as the user `postgres`. HEALTHD_POSTGRES_BIN may name the folder of
  /// another version's programs.
  explicit PostgresServer(const std::vector<std::string>& settings = {});
  /// A standby called `twin` that follows `primary`, which is restarted for it.
  enum class Standby { streaming };
  PostgresServer(PostgresServer& primary, Standby);
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  std::uint16_t port() const { return port_; }
  /// The folder of its Unix socket, where everybody may come in as anybody.
  std::string socket_folder() const { return folder_.string(); }
  /// For clients over TCP, where scram-sha-256 is asked for.
  std::string dsn(const std::string& user, const std::string& database = "postgres") const;

  /// Statements as the superuser, each on its own, over a connection that is closed again.
  void execute(const std::vector<std::string>& statements) const;
  /// The first value of the first row, as the superuser.
  std::string ask(const std::string& sql) const;

  pid_t postmaster() const { return postmaster_; }
  void freeze_postmaster() const;
  void freeze_all() const;
  /// Lets whoever is frozen go on.
  void thaw() const;
  void start();
  void stop();            ///< in order, sessions or not
  void become_standby();  ///< restarts as a standby that follows nobody; `pg_promote()` ends that
  void kill();            ///< SIGKILL to the whole tree

 private:
  std::vector<pid_t> tree() const;
  void signal_tree(int signal) const;
  void wait_until_ready() const;

  std::filesystem::path folder_;
  std::uint16_t port_ = 0;
  pid_t postmaster_ = 0;
};

}  // namespace healthd::test
