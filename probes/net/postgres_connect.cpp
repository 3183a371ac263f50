// Connecting: addresses race until one accepts; then the one that did goes on alone, so that a server never
// sees two logins of ours.
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <system_error>

#include "probes/net/postgres.hpp"
#include "probes/net/postgres_libpq.hpp"
#include "probes/net/race.hpp"
#include "probes/with_deadline.hpp"

namespace healthd {
namespace {

constexpr std::size_t most_handshake_bytes = 256 * 1024;

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
PgHandle start(const PostgresTarget& target, const std::string& address) {
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
  PgHandle connection{PQconnectStartParams(names.data(), values.data(), 0)};
  if (!connection) throw std::bad_alloc{};
  // Before the first step: only so does a refusal carry its SQLSTATE and its place in the server's source,
  // instead of a text in the server's language.
  PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);
  PQsetNoticeReceiver(connection.get(), [](void*, const PGresult*) {}, nullptr);
  return connection;
}

/// One address.
class Attempt {
 public:
  Attempt() = default;  // Asio makes one on its error path
  Attempt(const PostgresTarget& target, const std::string& address) : connection_{start(target, address)} {
    if (PQstatus(connection_.get()) == CONNECTION_BAD) step_ = PGRES_POLLING_FAILED;
  }

  explicit operator bool() const { return connection_ != nullptr; }
  int socket() const { return PQsocket(connection_.get()); }
  PgWait awaited() const { return step_ == PGRES_POLLING_READING ? PgWait::wait_read : PgWait::wait_write; }
  Phase phase() const { return phase_of(PQstatus(connection_.get())); }
  bool over() const { return step_ == PGRES_POLLING_OK || step_ == PGRES_POLLING_FAILED; }
  bool failed() const { return step_ == PGRES_POLLING_FAILED; }
  bool undecided() const { return !over() && phase() == Phase::connect; }

  /// When the socket is ready.
  void go_on() { step_ = PQconnectPoll(connection_.get()); }

  /// From acceptance to the end of the login. Where libpq starts anew, without TLS after TLS failed, it does
  /// so with a new socket.
  asio::awaitable<void> log_in(Trace& trace) {
    while (!over()) {
      last_phase_ = phase();
      if (trace.current() != last_phase_) trace.enter(last_phase_);
      if (phase() == Phase::connect) {
        wire_.reset();
        co_await pg_ready(socket(), awaited());
      } else {
        co_await talk();
      }
      go_on();
    }
    if (wire_ && !failed()) co_await wire_->flush();
  }

  Failure failure() const {
    if (wire_ && wire_->flooded()) return {Reason::too_large, "the server floods us during the login"};
    if (wire_ && wire_->absurd())
      return {Reason::protocol, "the server asks for an absurd number of iterations in the login"};
    if (wire_ && wire_->error()) return pg_failure_from_text(wire_->error().message());
    return pg_failure_from_text(PQerrorMessage(connection_.get()), last_phase_);
  }
  PgHandle take() { return std::move(connection_); }
  std::unique_ptr<PgWire> take_wire() { return std::move(wire_); }

 private:
  asio::awaitable<void> talk() {
    if (!wire_) {
      auto executor = co_await asio::this_coro::executor;
      wire_ = std::make_unique<PgWire>(connection_.get(), executor);
      wire_->allow(most_handshake_bytes);
    }
    co_await wire_->flush();
    if (awaited() == PgWait::wait_read) co_await wire_->fill();
  }

  std::unique_ptr<PgWire> wire_;
  PgHandle connection_;
  PostgresPollingStatusType step_ = PGRES_POLLING_WRITING;
  Phase last_phase_ = Phase::connect;
};

/// Waits until one of several sockets can be written to.
asio::awaitable<bool> any_ready(const std::deque<Attempt>& attempts) {
  if (attempts.size() == 1) co_return co_await pg_ready(attempts.front().socket(), PgWait::wait_write);
  struct Group {
    int fd = ::epoll_create1(EPOLL_CLOEXEC);
    ~Group() { ::close(fd); }
  } group;
  for (const auto& attempt : attempts) {
    epoll_event event{};
    event.events = EPOLLOUT;
    if (group.fd < 0 || ::epoll_ctl(group.fd, EPOLL_CTL_ADD, attempt.socket(), &event) != 0)
      throw std::system_error{errno, std::generic_category(), "watching PostgreSQL sockets"};
  }
  co_await pg_ready(group.fd, PgWait::wait_read);
  co_return true;
}

bool writable(int socket) {
  pollfd one{socket, POLLOUT, 0};
  return ::poll(&one, 1, 0) > 0;
}

/// The addresses that were not accepted nor refused so far, and those to come.
class Race {
 public:
  Race(const PostgresTarget& target, std::deque<std::string> addresses)
      : target_{target}, waiting_{std::move(addresses)} {}

  /// The next attempt that was accepted or failed; an empty one where none is left. Those that lose against
  /// one that was accepted are closed, to be tried anew should it end badly.
  asio::awaitable<Attempt> next() {
    if (running_.empty()) begin();
    while (!running_.empty()) {
      for (auto& attempt : running_)
        if (writable(attempt.socket())) attempt.go_on();
      if (auto decided = take_decided()) co_return decided;
      co_await pause();
    }
    co_return Attempt{};
  }

 private:
  /// Until one of those that run is worth a look, or the next one may begin.
  asio::awaitable<void> pause() {
    auto wait = any_ready(running_);
    if (waiting_.empty()) {
      co_await std::move(wait);
      co_return;
    }
    const auto ready = co_await with_deadline(std::move(wait), Deadline{next_start_});
    if (!ready) begin();
  }

  void begin() {
    if (waiting_.empty()) return;
    running_.emplace_back(target_, waiting_.front());
    addresses_.push_back(waiting_.front());
    waiting_.pop_front();
    next_start_ = Deadline::Clock::now() + race_delay;
  }

  Attempt take_decided() {
    for (std::size_t i = 0; i < running_.size(); ++i) {
      if (running_[i].undecided()) continue;
      auto decided = std::move(running_[i]);
      const auto at = static_cast<std::ptrdiff_t>(i);
      running_.erase(running_.begin() + at);
      addresses_.erase(addresses_.begin() + at);
      if (decided.failed()) {
        begin();
      } else {
        waiting_.insert(waiting_.begin(), addresses_.begin(), addresses_.end());
        running_.clear();
        addresses_.clear();
      }
      return decided;
    }
    return {};
  }

  const PostgresTarget& target_;
  std::deque<std::string> waiting_;
  std::deque<Attempt> running_;
  std::deque<std::string> addresses_;  ///< of the running ones
  Deadline::Clock::time_point next_start_;
};

/// Whether nobody was reached, or nobody who lets us in now: the next address may be better.
bool another_may_answer(Reason reason) {
  return reason == Reason::connect_refused || reason == Reason::connect_timeout ||
         reason == Reason::unreachable || reason == Reason::internal || reason == Reason::starting;
}

std::deque<std::string> in_order(const PostgresTarget& target, std::vector<asio::ip::address> addresses) {
  if (target.is_unix()) return {""};
  std::deque<std::string> texts;
  for (const auto& address : race_order(std::move(addresses))) texts.push_back(address.to_string());
  return texts;
}

}  // namespace

asio::awaitable<PgConnection> pg_connect(const PostgresTarget& target,
                                         std::vector<asio::ip::address> addresses, Trace& trace) {
  PgConnection connection;
  connection.failure = {Reason::resolve, "there is no address to connect to"};
  Race race{target, in_order(target, std::move(addresses))};
  for (bool first = true;; first = false) {
    if (trace.current() != Phase::connect) trace.enter(Phase::connect);
    auto attempt = co_await race.next();
    if (!attempt) co_return connection;
    co_await attempt.log_in(trace);
    if (!attempt.failed()) {
      PgHandle handle = attempt.take();
      PQsetnonblocking(handle.get(), 1);
      connection.failure = {};
      connection.session = std::make_unique<PgSession>(handle.release(), attempt.take_wire());
      co_return connection;
    }
    auto failure = attempt.failure();
    const auto reason = failure.reason;
    // What a server did to us tells more than an address that this machine cannot even try.
    if (first || reason != Reason::internal) connection.failure = std::move(failure);
    if (!another_may_answer(reason)) co_return connection;
  }
}

}  // namespace healthd
