// The `postgres` probe: from its keys to PgSessions, and between the two loops.
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <exception>

#include "probes/kinds.hpp"
#include "probes/net/resolve.hpp"
#include "probes/postgres_sessions.hpp"
#include "probes/with_deadline.hpp"
#include "probes/workshop.hpp"

namespace healthd {
namespace {

using Addresses = PgSessions::Addresses;

/// One run's work on the PostgreSQL loop. A server may keep that loop computing for long, with a login that
/// costs much, so the main loop waits for its end only for a time, and then leaves it to end alone.
struct Visit {
  explicit Visit(const asio::any_io_executor& main) : ended{main, Deadline::Clock::time_point::max()} {}

  // The main loop's.
  asio::steady_timer ended;
  bool over = false;
  std::exception_ptr error;
  ProbeResult result;

  // The PostgreSQL loop's.
  asio::cancellation_signal cancel;
  bool runs = true;

  std::atomic<bool> begun = false;
};

/// Keeps `sessions` alive for as long as its work runs.
asio::awaitable<ProbeResult> inspect(std::shared_ptr<PgSessions> sessions, std::shared_ptr<Visit> visit,
                                     Result<Addresses> addresses, Deadline deadline) {
  visit->begun = true;
  co_return co_await sessions->inspect(std::move(addresses), deadline);
}

std::shared_ptr<Visit> start(const asio::any_io_executor& main, const asio::any_io_executor& home,
                             const std::shared_ptr<PgSessions>& sessions, Result<Addresses> addresses,
                             Deadline deadline) {
  auto visit = std::make_shared<Visit>(main);
  auto end = [visit, main](std::exception_ptr error, ProbeResult result) {
    visit->runs = false;
    asio::post(main, [visit, error = std::move(error), result = std::move(result)]() mutable {
      visit->over = true;
      visit->error = std::move(error);
      visit->result = std::move(result);
      visit->ended.cancel();
    });
  };
  auto work = inspect(sessions, visit, std::move(addresses), deadline);
  asio::co_spawn(home, std::move(work), asio::bind_cancellation_slot(visit->cancel.slot(), std::move(end)));
  return visit;
}

void cancel(const asio::any_io_executor& home, const std::shared_ptr<Visit>& visit) {
  asio::post(home, [visit] {
    if (visit->runs) visit->cancel.emit(asio::cancellation_type::terminal);
  });
}

/// Until the work has ended, or so long; a cancel throws.
asio::awaitable<void> wait_for(std::shared_ptr<Visit> visit, Deadline deadline) {
  visit->ended.expires_at(deadline.when());
  if (visit->over) co_return;
  const auto [error] = co_await visit->ended.async_wait(asio::as_tuple(asio::use_awaitable));
  if (error && !visit->over) throw boost::system::system_error{error};
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
    if (visit_) co_await wait_for(visit_, deadline);  // never two at a time
    if (visit_ && !visit_->over) co_return late();
    auto addresses = co_await resolve(tools.resolver, trace, deadline);
    trace.leave();
    const Deadline last{deadline.when() + grace};
    visit_ = start(co_await asio::this_coro::executor, home_, sessions_, std::move(addresses), deadline);
    try {
      co_await wait_for(visit_, last);
    } catch (...) {
      cancel(home_, visit_);
      throw;
    }
    if (!visit_->over) {
      cancel(home_, visit_);
      co_return late();
    }
    if (visit_->error) std::rethrow_exception(visit_->error);
    trace.add(visit_->result.phases);
    co_return std::move(visit_->result);
  }

  std::string target() const override { return to_string(sessions_->target()); }

 private:
  /// Less than what a run may take to unwind.
  static constexpr std::chrono::milliseconds grace{150};

  /// Work that never began tells nothing about its server: another one keeps the loop.
  ProbeResult late() const {
    const Failure slow{Reason::timeout, "the login or the answer was not done in time"};
    const Failure never{Reason::internal, "the login at another server keeps the PostgreSQL loop busy"};
    ProbeResult result;
    result.checks.push_back(judge("query", visit_->begun ? slow : never));
    conclude(result);
    return result;
  }

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
  std::shared_ptr<Visit> visit_;  ///< the last one
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
