// The `postgres` probe: from its keys to PgSessions, and between the two loops.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "probes/kinds.hpp"
#include "probes/net/resolve.hpp"
#include "probes/postgres_sessions.hpp"
#include "probes/with_deadline.hpp"
#include "probes/workshop.hpp"

namespace healthd {
namespace {

using Addresses = PgSessions::Addresses;

/// Keeps `sessions` alive for as long as its work runs.
asio::awaitable<ProbeResult> inspect(std::shared_ptr<PgSessions> sessions, Result<Addresses> addresses,
                                     Deadline deadline) {
  co_return co_await sessions->inspect(std::move(addresses), deadline);
}

/// The sessions are shared with the work that goes on on the PostgreSQL loop, so that a probe may be
/// destroyed while its last run still unwinds.
class PostgresProbe final : public Probe {
 public:
  explicit PostgresProbe(PgPlan plan) : sessions_{std::make_shared<PgSessions>(std::move(plan))} {}

  /// The kept session goes home to die. Its loop may have stopped already, but must not be destroyed yet.
  ~PostgresProbe() override {
    if (home_) asio::post(home_, [sessions = std::move(sessions_)] {});
  }
  PostgresProbe(const PostgresProbe&) = delete;
  PostgresProbe& operator=(const PostgresProbe&) = delete;

  asio::awaitable<ProbeResult> run(Tools& tools, Trace& trace, Deadline deadline) override {
    home_ = tools.postgres;
    auto addresses = co_await resolve(tools.resolver, trace, deadline);
    trace.leave();
    auto work = inspect(sessions_, std::move(addresses), deadline);
    auto result = co_await asio::co_spawn(tools.postgres, std::move(work), asio::use_awaitable);
    trace.add(result.phases);
    co_return result;
  }

  std::string target() const override { return to_string(sessions_->target()); }

 private:
  /// At most half of the time that is left, so that a dead name server does not silence the kept session.
  asio::awaitable<Result<Addresses>> resolve(Resolver& resolver, Trace& trace, Deadline deadline) {
    const auto& target = sessions_->target();
    if (target.is_unix()) co_return Addresses{};
    trace.enter(Phase::resolve);
    auto lookup = resolver.resolve(target.address.empty() ? target.host : target.address);
    const Deadline half{deadline.when() - deadline.left() / 2};
    auto addresses = co_await with_deadline(std::move(lookup), half);
    if (!addresses) co_return timed_out(trace);
    co_return std::move(*addresses);
  }

  std::shared_ptr<PgSessions> sessions_;
  asio::any_io_executor home_;
};

PgRole read_role(Options& options) {
  const auto name = options.choice("expected_role", "primary", {"primary", "standby", "any"});
  if (name == "standby") return PgRole::standby;
  return name == "any" ? PgRole::any : PgRole::primary;
}

/// `collectors: {size: false}`
std::set<std::string> read_collectors_off(Options& options) {
  std::set<std::string> off;
  auto switches = options.map("collectors");
  for (const auto& collector : pg_pack())
    if (!switches.flag(collector.name, true)) off.emplace(collector.name);
  return off;
}

PostgresNeeds needs_of(const std::string& probe, const PgPlan& plan) {
  PostgresNeeds needs;
  needs.probe = probe;
  needs.target = plan.target;
  needs.connections = 2;
  needs.memberships = {"pg_monitor"};
  needs.reads_sequences = !plan.collectors_off.contains("sequences");
  return needs;
}

}  // namespace

std::unique_ptr<Probe> make_postgres(ProbeConfig& config, Workshop& workshop) {
  constexpr std::chrono::hours most{24};
  auto& options = config.options;
  PgPlan plan;
  plan.target = read_postgres_target(options, config.timeout);
  plan.expected_role = read_role(options);
  plan.connect_interval = options.duration("connect_interval", config.interval, most).value_or(Duration{});
  plan.collectors_off = read_collectors_off(options);
  workshop.needs.postgres.push_back(needs_of(config.name, plan));
  return std::make_unique<PostgresProbe>(std::move(plan));
}

}  // namespace healthd
