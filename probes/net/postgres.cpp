#include "probes/net/postgres.hpp"

#include "probes/net/postgres_libpq.hpp"

namespace healthd {
namespace {

constexpr std::size_t most_rows = 1000;
constexpr std::size_t most_answer_bytes = 1024 * 1024;

/// Not among the settings of the login: there it would hide the server's own setting from us, and that one
/// decides whether anybody can write.
constexpr const char* belt = "SET default_transaction_read_only = on";

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
  std::unique_ptr<PgWire> wire;
  PgHandle connection;
  bool belted = false;
  bool asked = false;  ///< an answer is still to come, or was left half read
  Failure spoilt;

  asio::awaitable<PgAnswer> next() {
    while (PQisBusy(connection.get()) != 0) {
      co_await wire->fill();
      if (wire->flooded()) {
        spoilt = {Reason::too_large, "the answer is larger than any healthy one"};
        co_return PgAnswer{};
      }
      if (PQconsumeInput(connection.get()) == 0) break;  // the error comes out of PQgetResult
    }
    PgAnswer answer{PQgetResult(connection.get())};
    if (!answer) asked = false;
    co_return answer;
  }

  asio::awaitable<void> send() {
    for (bool more = true; more;) {
      more = PQflush(connection.get()) == 1;
      co_await wire->flush();
    }
  }

  Failure connection_failure() {
    if (spoilt) return {Reason::reset, "the session was given up: " + spoilt.detail};
    spoilt = pg_failure_from_text(wire->error() ? wire->error().message() : PQerrorMessage(connection.get()));
    return spoilt;
  }

  /// Takes one result in; the first failure is kept, because reading on would overwrite it with a vaguer one.
  void take(const PGresult* result, PgRows& rows, Failure& failure) {
    const auto status = PQresultStatus(result);
    const bool fine = status == PGRES_SINGLE_TUPLE || status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    if (fine && !failure) {
      append_rows(result, rows);
      if (rows.size() <= most_rows) return;
      failure = {Reason::too_large, "the answer has more than " + std::to_string(most_rows) + " rows"};
      spoilt = failure;
    } else if (status == PGRES_FATAL_ERROR) {
      if (!failure) failure = failure_of(result);
    } else if (!fine) {
      if (!failure) failure = {Reason::protocol, "the server sent an answer of an unexpected kind"};
      spoilt = failure;  // COPY would go on for ever
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

  asio::awaitable<Result<PgRows>> ask(const char* sql) {
    wire->allow(most_answer_bytes);
    if (PQsendQueryParams(connection.get(), sql, 0, nullptr, nullptr, nullptr, nullptr, 0) == 0)
      co_return connection_failure();
    asked = true;
    PQsetSingleRowMode(connection.get());
    co_await send();

    PgRows rows;
    Failure failure;
    while (!spoilt) {
      const auto answer = co_await next();
      if (!answer) break;
      take(answer.get(), rows, failure);
    }
    if (failure) co_return failure;
    if (spoilt) co_return spoilt;
    if (broken()) co_return connection_failure();
    co_return rows;
  }

  bool broken() const { return spoilt || PQstatus(connection.get()) == CONNECTION_BAD; }
};

PgSession::PgSession(pg_conn* connected, std::unique_ptr<PgWire> wire) : impl_{std::make_unique<Impl>()} {
  impl_->connection.reset(connected);
  impl_->wire = std::move(wire);
}
PgSession::~PgSession() = default;

bool PgSession::broken() const { return impl_->broken(); }

bool PgSession::unacknowledged() const { return impl_->wire->unacknowledged(); }

asio::awaitable<Result<PgRows>> PgSession::query(std::string sql) {
  co_await impl_->drain();
  if (impl_->broken()) co_return impl_->connection_failure();
  if (!impl_->belted) {
    auto done = co_await impl_->ask(belt);
    if (!done) co_return done;
    impl_->belted = true;
  }
  co_return co_await impl_->ask(sql.c_str());
}

}  // namespace healthd
