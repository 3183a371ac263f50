// A postgres probe on two loops as in the daemon, in front of a real server.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "probes/kinds.hpp"
#include "probes/net/redis.hpp"
#include "probes/net/resolve.hpp"
#include "probes/net/tls.hpp"
#include "probes/postgres_pack.hpp"
#include "probes/run_probe.hpp"
#include "probes/workshop.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/process.hpp"
#include "tests/support/run.hpp"

namespace healthd::test {

using namespace std::chrono_literals;

/// The PostgreSQL loop on its thread; joined before anything that lived on it is destroyed.
class PostgresLoop {
 public:
  PostgresLoop() : thread_{[this] { loop_.run(); }} {}
  ~PostgresLoop() { stop(); }
  void stop() {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
  }
  boost::asio::any_io_executor executor() { return loop_.get_executor(); }

 private:
  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop_.get_executor()};
  std::thread thread_;
};

/// Declared in the order of life, like the daemon's: the probe dies before the loops do.
class Bench {
 public:
  /// `keys` are lines of the probe's stanza besides name and kind.
  explicit Bench(const std::string& keys, Duration timeout = 2s, Duration interval = 15s) {
    config_.name = "metadata";
    config_.interval = interval;
    config_.timeout = timeout;
    config_.options = Options::from_text(keys, "test.yaml", problems_, SecretPolicy{true, ""});
    probe_ = make_postgres(config_, workshop_);
    config_.options.finish();
    for (const auto& problem : problems_.sorted()) throw std::runtime_error{to_string(problem)};
  }

  ProbeResult run() { return outcome().result; }
  Outcome outcome() { return test::run(main_, run_probe(*probe_, "metadata", config_.timeout, tools_)); }

  boost::asio::io_context& main() { return main_; }
  Probe& probe() { return *probe_; }
  Tools& tools() { return tools_; }

 private:
  Problems problems_;
  ProbeConfig config_;
  TlsContexts contexts_;
  Workshop workshop_{contexts_, "test"};
  boost::asio::io_context main_{1};
  Resolver resolver_{main_.get_executor()};
  PostgresLoop postgres_;
  Tools tools_{resolver_, postgres_.executor()};
  std::unique_ptr<Probe> probe_;
};

/// The monitor's role, as the manual says to make it.
inline void make_monitor(const PostgresServer& server, const std::string& options = "") {
  server.execute({"CREATE ROLE monitor LOGIN PASSWORD 'right' " + options, "GRANT pg_monitor TO monitor"});
}

inline std::string keys(const std::string& dsn, const std::string& password = "right") {
  return "dsn: \"" + dsn + "\"\npassword: \"" + password + "\"\n";
}

inline CheckResult check(const ProbeResult& result, std::string_view name) {
  const auto* found = find_check(result, name);
  return found == nullptr ? CheckResult{} : *found;
}

/// nullopt where the series is absent.
inline std::optional<double> sample(const ProbeResult& result, std::string_view name,
                                    std::string_view label = "") {
  for (const auto& one : result.samples)
    if (one.name == name && (label.empty() || (!one.labels.empty() && one.labels.front().second == label)))
      return one.value;
  return std::nullopt;
}

inline int sessions_of(const PostgresServer& server, const std::string& user) {
  return std::stoi(server.ask("SELECT count(*) FROM pg_stat_activity WHERE usename = '" + user + "'"));
}

}  // namespace healthd::test
