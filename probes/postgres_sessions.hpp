// The two connections of a postgres probe: in each run a fresh one is opened and closed (is there a slot,
// does the login work?), and a kept session is asked (does the server answer?). Side by side, because a
// frozen postmaster leaves old sessions alive, and a hung backend leaves the postmaster alive. Never more
// than these two.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "probes/deadline.hpp"
#include "probes/postgres_report.hpp"
#include "probes/postgres_schedule.hpp"

namespace healthd {

struct PgPlan {
  PostgresTarget target;
  PgRole expected_role = PgRole::primary;
  Duration connect_interval{};  ///< zero: a fresh connection in each run
  std::set<std::string> collectors_off = {};
};

/// Lives on the PostgreSQL loop.
class PgSessions {
 public:
  using Addresses = std::vector<asio::ip::address>;

  explicit PgSessions(PgPlan plan) : plan_{std::move(plan)}, schedule_{plan_.collectors_off} {}
  const PostgresTarget& target() const { return plan_.target; }

  asio::awaitable<ProbeResult> inspect(Result<Addresses> addresses, Deadline deadline);

 private:
  struct Run;
  asio::awaitable<void> both(Run& run);
  asio::awaitable<Failure> open(Run& run);
  asio::awaitable<Failure> ask(Run& run);
  asio::awaitable<Failure> ask_facts(Run& run);
  asio::awaitable<void> gather(Run& run);
  asio::awaitable<void> inquire(Run& run);
  asio::awaitable<void> settle(Run& run);
  bool connect_is_due(Deadline::Clock::time_point now) const;
  void compare(Run& run);
  void give_up(const Run& run);
  ProbeResult report(Run& run);

  const PgPlan plan_;
  std::unique_ptr<PgSession> kept_;
  PgSchedule schedule_;
  std::optional<PgFacts> last_facts_;
  std::optional<PgFacts> first_facts_;  ///< of the kept session
  /// When the last fresh connection was begun, if it succeeded and the question then did.
  std::optional<Deadline::Clock::time_point> connected_at_;
  std::optional<Deadline::Clock::time_point> hung_since_;
};

}  // namespace healthd
