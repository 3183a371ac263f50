#include "probes/net/postgres.hpp"

#include <fcntl.h>
#include <libpq-fe.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "probes/with_deadline.hpp"

namespace healthd {
namespace {

constexpr std::size_t most_rows = 1000;
/// More addresses of one name are not worth a deadline.
constexpr std::size_t most_addresses = 4;
/// An address that swallows everything must leave time for the next one.
constexpr std::chrono::seconds most_per_address{1};
constexpr std::chrono::hours no_limit{24};

using Handle = std::unique_ptr<PGconn, decltype([](PGconn* connection) { PQfinish(connection); })>;
using Answer = std::unique_ptr<PGresult, decltype([](PGresult* result) { PQclear(result); })>;
using Wait = asio::posix::descriptor_base::wait_type;

/// Waits on a duplicate of the socket: libpq may close its own and open another under the same number, and a
/// registration of the old one would then wait for nothing.
asio::awaitable<bool> ready(int socket, Wait what) {
  auto executor = co_await asio::this_coro::executor;
  const int copy = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) throw std::system_error{errno, std::generic_category(), "duplicating a PostgreSQL socket"};
  asio::posix::stream_descriptor descriptor{executor, copy};
  co_await descriptor.async_wait(what, asio::use_awaitable);
  co_return true;
}

/// The phase that a connection attempt is in. libpq talks TLS and authentication by turns, so entering one
/// twice is normal.
Phase phase_of(ConnStatusType status) {
  switch (status) {
    case CONNECTION_NEEDED:
    case CONNECTION_STARTED:
      return Phase::connect;
    case CONNECTION_SSL_STARTUP:
      return Phase::tls;
    default:
      return Phase::auth;  // libpq adds steps from version to version; all of them follow the start-up packet
  }
}

/// Begins to connect. The address is always given, or libpq would look names up and block.
Handle start(const PostgresTarget& target, const std::string& address) {
  auto keywords = target.keywords;
  keywords.emplace_back("host", target.host);
  if (!target.is_unix()) keywords.emplace_back("hostaddr", address);
  keywords.emplace_back("port", std::to_string(target.port));
  std::vector<const char*> names, values;
  for (const auto& [name, value] : keywords) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  const Secret password{std::string{target.password.reveal()}};
  names.insert(names.end(), {"password", nullptr});
  values.insert(values.end(), {password.reveal().data(), nullptr});
  return Handle{PQconnectStartParams(names.data(), values.data(), 0)};
}

/// Whether nobody was reached, or nobody who lets us in now: the next address may be better.
bool another_may_answer(Reason reason) {
  return reason == Reason::connect_refused || reason == Reason::connect_timeout ||
         reason == Reason::unreachable || reason == Reason::internal || reason == Reason::starting;
}

PgConnection failed(Failure failure) {
  PgConnection connection;
  connection.failure = std::move(failure);
  return connection;
}

Failure failure_of(const PGresult* result) {
  const char* sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  if (sqlstate == nullptr) return pg_failure_from_text(PQresultErrorMessage(result));
  return pg_failure(sqlstate, message == nullptr ? "" : message);
}

void append_rows(const PGresult* result, PgRows& rows) {
  for (int row = 0; row < PQntuples(result); ++row) {
    PgRow& cells = rows.emplace_back();
    for (int column = 0; column < PQnfields(result); ++column) {
      if (PQgetisnull(result, row, column) != 0) {
        cells.emplace_back(std::nullopt);
      } else {
        const auto length = static_cast<std::size_t>(PQgetlength(result, row, column));
        cells.emplace_back(std::string{PQgetvalue(result, row, column), length});
      }
    }
  }
}

}  // namespace

struct PgSession::Impl {
  Handle connection;
  bool asked = false;  ///< an answer is still to come, or was left half read
  bool spoilt = false;

  asio::awaitable<Answer> next() {
    while (PQisBusy(connection.get()) != 0) {
      co_await ready(PQsocket(connection.get()), Wait::wait_read);
      if (PQconsumeInput(connection.get()) == 0) break;  // the error comes out of PQgetResult
    }
    Answer answer{PQgetResult(connection.get())};
    if (!answer) asked = false;
    co_return answer;
  }

  asio::awaitable<void> send() {
    while (PQflush(connection.get()) == 1) co_await ready(PQsocket(connection.get()), Wait::wait_write);
  }

  Failure connection_failure() {
    if (spoilt) return {Reason::reset, "the session was given up amid an answer that does not end"};
    spoilt = true;
    return pg_failure_from_text(PQerrorMessage(connection.get()));
  }

  /// Takes one result in; the first failure is kept, because reading on would overwrite it with a vaguer one.
  void take(const PGresult* result, PgRows& rows, Failure& failure) {
    const auto status = PQresultStatus(result);
    const bool fine = status == PGRES_SINGLE_TUPLE || status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    if (fine && !failure) {
      append_rows(result, rows);
      if (rows.size() <= most_rows) return;
      failure = {Reason::too_large, "the answer has more than " + std::to_string(most_rows) + " rows"};
      spoilt = true;
    } else if (status == PGRES_FATAL_ERROR) {
      if (!failure) failure = failure_of(result);
    } else if (!fine) {
      if (!failure) failure = {Reason::protocol, "the server sent an answer of an unexpected kind"};
      spoilt = true;  // COPY would go on for ever
    }
  }

  /// Reads on to the end of an answer that nobody waited for.
  asio::awaitable<void> drain() {
    PgRows rest;
    Failure unread;
    while (asked && !broken()) {
      const auto answer = co_await next();
      if (answer) take(answer.get(), rest, unread);
    }
  }

  bool broken() const { return spoilt || PQstatus(connection.get()) == CONNECTION_BAD; }
};

PgSession::PgSession(pg_conn* connected) : impl_{std::make_unique<Impl>()} {
  impl_->connection.reset(connected);
}
PgSession::~PgSession() = default;

bool PgSession::broken() const { return impl_->broken(); }

asio::awaitable<Result<PgRows>> PgSession::query(std::string sql) {
  co_await impl_->drain();
  if (impl_->broken()) co_return impl_->connection_failure();

  PGconn* connection = impl_->connection.get();
  if (PQsendQueryParams(connection, sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 0)
    co_return impl_->connection_failure();
  impl_->asked = true;
  PQsetSingleRowMode(connection);
  co_await impl_->send();

  PgRows rows;
  Failure failure;
  while (!impl_->spoilt) {
    const auto answer = co_await impl_->next();
    if (!answer) break;
    impl_->take(answer.get(), rows, failure);
  }
  if (failure) co_return failure;
  if (impl_->broken()) co_return impl_->connection_failure();
  co_return rows;
}

namespace {

/// One address; `most` bounds the time it has to accept.
asio::awaitable<PgConnection> connect_to(const PostgresTarget& target, std::string address,
                                         Deadline::Clock::duration most, Trace& trace) {
  trace.enter(Phase::connect);
  Handle connection = start(target, address);
  if (!connection) throw std::bad_alloc{};
  // Before the first step: only so does a refusal carry its SQLSTATE instead of a text in the server's
  // language.
  PQsetErrorVerbosity(connection.get(), PQERRORS_SQLSTATE);
  PQsetNoticeReceiver(connection.get(), [](void*, const PGresult*) {}, nullptr);

  const auto accept_by = Deadline::in(most);
  auto step = PQstatus(connection.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (step != PGRES_POLLING_OK && step != PGRES_POLLING_FAILED) {
    const Phase phase = phase_of(PQstatus(connection.get()));
    if (trace.current() != phase) trace.enter(phase);
    const auto what = step == PGRES_POLLING_READING ? Wait::wait_read : Wait::wait_write;
    auto wait = ready(PQsocket(connection.get()), what);
    const Deadline until = phase == Phase::connect ? accept_by : Deadline{Deadline::Clock::time_point::max()};
    if (!co_await with_deadline(std::move(wait), until))
      co_return failed({Reason::connect_timeout, "the connection was not accepted in time"});
    step = PQconnectPoll(connection.get());
  }
  if (step == PGRES_POLLING_FAILED) co_return failed(pg_failure_from_text(PQerrorMessage(connection.get())));

  PQsetnonblocking(connection.get(), 1);
  PgConnection open;
  open.session = std::make_unique<PgSession>(connection.release());
  co_return open;
}

}  // namespace

asio::awaitable<PgConnection> pg_connect(const PostgresTarget& target,
                                         std::vector<asio::ip::address> addresses, Trace& trace) {
  if (target.is_unix()) co_return co_await connect_to(target, "", no_limit, trace);
  PgConnection last = failed({Reason::resolve, "there is no address to connect to"});
  const auto count = std::min(addresses.size(), most_addresses);
  for (std::size_t i = 0; i < count; ++i) {
    const Deadline::Clock::duration most = i + 1 < count ? most_per_address : no_limit;
    const auto address = addresses[i].to_string();
    auto connection = co_await connect_to(target, address, most, trace);
    const auto reason = connection.failure.reason;
    // What a server did to us tells more than an address that this machine cannot even try.
    if (i == 0 || reason != Reason::internal) last = std::move(connection);
    if (!another_may_answer(reason)) break;
  }
  co_return last;
}

}  // namespace healthd
