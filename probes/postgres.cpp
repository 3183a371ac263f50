// PostgreSQL as its clients see it: in each run a fresh connection is opened and closed (is there a slot,
// does the login work?), and a kept session is asked (does the server answer?). Side by side, because a
// frozen postmaster leaves old sessions alive, and a hung backend leaves the postmaster alive. Never more
// than these two connections.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "probes/kinds.hpp"
#include "probes/net/postgres.hpp"
#include "probes/net/resolve.hpp"
#include "probes/postgres_report.hpp"
#include "probes/run_probe.hpp"
#include "probes/with_deadline.hpp"

namespace healthd {
namespace {

using Addresses = std::vector<asio::ip::address>;

/// A session in the middle of an answer is kept, for the server still holds its slot: giving it up in each
/// run would take the slots of a server that hangs, one by one. After this long it is more likely that nobody
/// holds it.
constexpr std::chrono::minutes patience{5};

/// What belongs to the PostgreSQL loop. It is shared with the work that goes on there, so that a probe may be
/// destroyed while its last run still unwinds.
class Sessions {
 public:
  explicit Sessions(PostgresTarget target) : target_{std::move(target)} {}
  const PostgresTarget& target() const { return target_; }

  /// One run, on the PostgreSQL loop.
  asio::awaitable<ProbeResult> inspect(Result<Addresses> addresses, Deadline deadline) {
    Trace connecting, asking;
    PgFindings findings;
    std::unique_ptr<PgSession> fresh;
    co_await both(addresses, deadline, connecting, asking, findings, fresh);

    const bool adopt = fresh && (!kept_ || kept_->broken());
    if (!kept_ || kept_->broken()) kept_ = std::move(fresh);
    fresh.reset();
    if (adopt) findings.query = co_await guarded(ask(findings, asking), asking, deadline);
    if (!kept_ && findings.connect)
      findings.query = {findings.connect.reason, "there is no session to ask over"};
    lose_patience(findings.query);
    co_return report(findings, connecting, asking);
  }

 private:
  /// The fresh connection and the round over the kept session, at the same time.
  asio::awaitable<void> both(const Result<Addresses>& addresses, Deadline deadline, Trace& connecting,
                             Trace& asking, PgFindings& findings, std::unique_ptr<PgSession>& fresh) {
    auto executor = co_await asio::this_coro::executor;
    auto connect = guarded(open(addresses, connecting, fresh), connecting, deadline);
    auto query = guarded(ask(findings, asking), asking, deadline);
    auto group =
        asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(connect), asio::deferred),
                                                asio::co_spawn(executor, std::move(query), asio::deferred));
    auto [order, connect_error, connect_failure, query_error, query_failure] =
        co_await group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    if (connect_error) std::rethrow_exception(connect_error);
    if (query_error) std::rethrow_exception(query_error);
    findings.connect = std::move(connect_failure);
    findings.query = std::move(query_failure);
  }

  asio::awaitable<Failure> open(const Result<Addresses>& addresses, Trace& trace,
                                std::unique_ptr<PgSession>& fresh) {
    if (!addresses) co_return addresses.error();
    auto connection = co_await pg_connect(target_, *addresses, trace);
    trace.leave();
    fresh = std::move(connection.session);
    co_return connection.failure;
  }

  /// The round over the kept session; the failure is that of `SELECT 1`, or of the connection.
  asio::awaitable<Failure> ask(PgFindings& findings, Trace& trace) {
    if (!kept_) co_return Failure{Reason::reset, "there is no session to ask over"};
    trace.enter(Phase::request);
    const auto alive = co_await kept_->query(std::string{pg_alive_sql});
    if (!alive) co_return alive.error();
    findings.statistics = co_await gather(findings);
    trace.leave();
    if (kept_->broken()) co_return findings.statistics;
    co_return Failure{};
  }

  asio::awaitable<Failure> gather(PgFindings& findings) {
    const auto facts = co_await kept_->query(std::string{pg_facts_sql});
    if (!facts) co_return facts.error();
    findings.facts = read_pg_facts(*facts);
    if (!findings.facts) co_return Failure{Reason::protocol, "the server's settings read like nothing known"};
    if (!findings.facts->may_monitor) co_return Failure{};

    const auto activity = co_await kept_->query(std::string{pg_activity_sql});
    if (!activity) co_return activity.error();
    findings.activity = read_pg_activity(*activity);
    if (!findings.activity) co_return Failure{Reason::protocol, "pg_stat_activity reads like nothing known"};
    co_return Failure{};
  }

  void lose_patience(const Failure& query) {
    const auto now = Deadline::Clock::now();
    if (query.reason != Reason::timeout) return hung_since_.reset();
    if (!hung_since_) hung_since_ = now;
    if (now - *hung_since_ < patience) return;
    kept_.reset();
    hung_since_.reset();
  }

  static ProbeResult report(const PgFindings& findings, Trace& connecting, Trace& asking) {
    auto result = pg_report(findings);
    if (result.reason == Reason::timeout || result.reason == Reason::connect_timeout)
      result.timed_out_in = findings.connect ? connecting.current() : asking.current();
    connecting.leave();
    asking.leave();
    connecting.add(asking.phases());
    result.phases = connecting.phases();
    return result;
  }

  const PostgresTarget target_;
  std::unique_ptr<PgSession> kept_;
  std::optional<Deadline::Clock::time_point> hung_since_;
};

/// Keeps `sessions` alive for as long as its work runs.
asio::awaitable<ProbeResult> inspect(std::shared_ptr<Sessions> sessions, Result<Addresses> addresses,
                                     Deadline deadline) {
  co_return co_await sessions->inspect(std::move(addresses), deadline);
}

class PostgresProbe final : public Probe {
 public:
  explicit PostgresProbe(PostgresTarget target) : sessions_{std::make_shared<Sessions>(std::move(target))} {}

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

  std::shared_ptr<Sessions> sessions_;
  asio::any_io_executor home_;
};

}  // namespace

std::unique_ptr<Probe> make_postgres(ProbeConfig& config, Workshop&) {
  return std::make_unique<PostgresProbe>(read_postgres_target(config.options, config.timeout));
}

}  // namespace healthd
