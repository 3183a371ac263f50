#include "probes/postgres_sessions.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "probes/postgres_evidence.hpp"
#include "probes/run_probe.hpp"
#include "probes/with_deadline.hpp"

namespace healthd {
namespace {

using Clock = Deadline::Clock;

/// A session in the middle of an answer is kept, for the server still holds its slot: giving it up in each
/// run would take the slots of a server that hangs, one by one. After this long it is more likely that nobody
/// holds it.
constexpr std::chrono::minutes patience{5};

double unix_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

struct PgSessions::Run {
  const Result<Addresses>& addresses;
  const Deadline deadline;
  Trace connecting = {}, asking = {};
  PgFindings findings = {};
  std::unique_ptr<PgSession> fresh = {};
  bool connects = false;
  Clock::time_point connect_begun = {};
  bool answered = false;                    ///< the kept session answered; the rest are side checks
  std::optional<std::size_t> reading = {};  ///< the collector that is being read
  Clock::time_point reading_since = {};
};

asio::awaitable<ProbeResult> PgSessions::inspect(Result<Addresses> addresses, Deadline deadline) {
  Run run{addresses, deadline};
  run.connects = connect_is_due(Clock::now());
  co_await both(run);
  co_await settle(run);
  if (!kept_ && run.findings.connect)
    run.findings.query = {run.findings.connect.reason, "there is no session to ask over"};
  give_up(run);
  co_return report(run);
}

bool PgSessions::connect_is_due(Clock::time_point now) const {
  const auto pause = plan_.connect_interval - plan_.connect_interval / 10;  // a moment early is on time
  return !kept_ || kept_->broken() || !connected_at_ || now - *connected_at_ >= pause;
}

/// The fresh connection and the round over the kept session, at the same time.
asio::awaitable<void> PgSessions::both(Run& run) {
  auto query = guarded(ask(run), run.asking, run.deadline);
  if (!run.connects) {
    run.findings.query = co_await std::move(query);
    co_return;
  }
  auto executor = co_await asio::this_coro::executor;
  auto connect = guarded(open(run), run.connecting, run.deadline);
  auto group =
      asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(connect), asio::deferred),
                                              asio::co_spawn(executor, std::move(query), asio::deferred));
  auto [order, connect_error, connect_failure, query_error, query_failure] =
      co_await group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
  if (connect_error) std::rethrow_exception(connect_error);
  if (query_error) std::rethrow_exception(query_error);
  run.findings.connect = std::move(connect_failure);
  run.findings.query = std::move(query_failure);
}

/// A kept session that was lost is replaced in its own slot, and what it was asked is asked once more: all of
/// it only reads.
asio::awaitable<void> PgSessions::settle(Run& run) {
  const bool lost = !kept_ || kept_->broken();
  if (lost) {
    kept_.reset();
    first_facts_.reset();
    if (!run.connects) {
      run.connects = true;
      run.findings.connect = co_await guarded(open(run), run.connecting, run.deadline);
    }
    kept_ = std::move(run.fresh);
  }
  run.fresh.reset();
  if (lost && kept_) {
    run.answered = false;
    run.findings.query = co_await guarded(ask(run), run.asking, run.deadline);
  }
  if (run.reading) {
    const Failure late{Reason::timeout, "no answer in time"};
    schedule_.take(*run.reading, late, {run.reading_since, Clock::now(), 0});
    run.reading.reset();
  }
  if (run.answered && run.findings.query.reason == Reason::timeout) run.findings.query = {};
}

asio::awaitable<Failure> PgSessions::open(Run& run) {
  run.connect_begun = Clock::now();
  if (!run.addresses) co_return run.addresses.error();
  auto connection = co_await pg_connect(plan_.target, *run.addresses, run.connecting);
  run.connecting.leave();
  run.fresh = std::move(connection.session);
  co_return connection.failure;
}

/// The round over the kept session; the failure is that of the session, not that of a statistic.
asio::awaitable<Failure> PgSessions::ask(Run& run) {
  if (!kept_) co_return Failure{Reason::reset, "there is no session to ask over"};
  run.asking.enter(Phase::request);
  auto failure = co_await ask_facts(run);
  if (failure) co_return failure;
  run.answered = true;
  if (run.findings.facts) co_await gather(run);
  run.asking.leave();
  if (kept_->broken()) co_return Failure{Reason::reset, "the session was lost while it was in use"};
  co_return Failure{};
}

/// One question proves that the server answers and tells what it is. Where it refuses that question, a
/// simpler one shows whether it answers at all.
asio::awaitable<Failure> PgSessions::ask_facts(Run& run) {
  auto rows = co_await kept_->query(std::string{pg_facts_sql});
  if (rows) {
    run.findings.facts = read_pg_facts(*rows);
    if (run.findings.facts) compare(run);
    run.findings.statistics =
        run.findings.facts ? Failure{}
                           : Failure{Reason::protocol, "the server's settings read like nothing known"};
    co_return Failure{};
  }
  if (kept_->broken()) co_return rows.error();
  run.findings.statistics = rows.error();
  auto alive = co_await kept_->query(std::string{pg_alive_sql});
  co_return alive ? Failure{} : alive.error();
}

/// The role is compared with what it was, never remembered for anything else.
void PgSessions::compare(Run& run) {
  const auto& facts = *run.findings.facts;
  if (last_facts_ && last_facts_->in_recovery != facts.in_recovery) run.findings.role_changed = true;
  const bool same = last_facts_ && last_facts_->started_at == facts.started_at && !run.findings.role_changed;
  if (!same) schedule_.forget();
  last_facts_ = facts;
  if (!first_facts_) first_facts_ = facts;
  run.findings.settings_are_old = first_facts_->database_read_only != facts.database_read_only ||
                                  first_facts_->own_read_only != facts.own_read_only;
}

/// What is due, one statement after the other; what does not fit in is left for the next run.
asio::awaitable<void> PgSessions::gather(Run& run) {
  const auto& facts = *run.findings.facts;
  const auto questions = schedule_.begin(Clock::now(), facts.version_number / 10'000, facts.may_monitor);
  for (const auto& question : questions) {
    if (!schedule_.fits(question.index, run.deadline.left())) continue;
    run.reading = question.index;
    run.reading_since = Clock::now();
    const auto rows = co_await kept_->query(std::string{question.sql});
    run.reading.reset();
    if (kept_->broken()) co_return;
    schedule_.take(question.index, rows, {run.reading_since, Clock::now(), unix_now()});
  }
  co_await inquire(run);
}

/// Only where the figures show trouble. It is a help, so its own failure is none.
asio::awaitable<void> PgSessions::inquire(Run& run) {
  if (!run.findings.facts->may_monitor) co_return;
  for (const auto& inquiry : pg_inquiries(schedule_.samples())) {
    const auto rows = co_await kept_->query(std::string{inquiry.sql});
    if (!rows) continue;
    auto text = inquiry.read(*rows);
    if (!text.empty()) run.findings.evidence.emplace_back(inquiry.key, std::move(text));
  }
}

void PgSessions::give_up(const Run& run) {
  const auto now = Clock::now();
  const bool hangs = run.findings.query.reason == Reason::timeout;
  if (!hangs) {
    hung_since_.reset();
  } else if (!hung_since_) {
    hung_since_ = now;
  }
  const bool vanished = hangs && kept_ && kept_->unacknowledged();
  const bool too_long = hung_since_ && now - *hung_since_ >= patience;
  if (!vanished && !too_long && !run.findings.settings_are_old) return;
  kept_.reset();
  first_facts_.reset();
  hung_since_.reset();
}

ProbeResult PgSessions::report(Run& run) {
  auto& findings = run.findings;
  if (!run.connects) {
    findings.connect_age = Clock::now() - *connected_at_;
  } else {
    connected_at_ = run.connect_begun;
  }
  if (findings.connect || findings.query) connected_at_.reset();
  findings.samples = schedule_.samples(run.answered && findings.facts);
  if (!findings.statistics) findings.statistics = schedule_.failure();

  auto result = pg_report(findings, plan_.expected_role);
  if (result.reason == Reason::timeout || result.reason == Reason::connect_timeout)
    result.timed_out_in = findings.connect ? run.connecting.current() : run.asking.current();
  run.connecting.leave();
  run.asking.leave();
  run.connecting.add(run.asking.phases());
  result.phases = run.connecting.phases();
  return result;
}

}  // namespace healthd
