#include "probes/net/broker.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/this_coro.hpp>
#include <charconv>
#include <exception>

#include "probes/net/info_text.hpp"
#include "probes/net/kept_redis.hpp"
#include "probes/net/uuid.hpp"
#include "probes/with_deadline.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;
using Clock = Deadline::Clock;
using Replies = Result<std::vector<RedisReply>>;

/// The share of the time that clean-up gets, and its least.
constexpr int clean_up_percent = 15;
constexpr Clock::duration clean_up_least = 100ms;
/// Redis ends a blocking pop up to 0.1 s late. It should still end by itself, or the connection is lost.
constexpr Clock::duration pop_slack = 150ms;
/// A worker that cannot write its reply exits, so none is asked for one when memory is nearly used up.
constexpr double fullest = 0.9;
constexpr std::size_t most_replies = 1024;
/// Of one round, with what is not for us; a worker's statistics are a few KiB.
constexpr std::size_t most_bytes = 8 * 1024 * 1024;

std::string in_seconds(Clock::duration span) {
  const auto seconds = std::chrono::duration<double>{std::max<Clock::duration>(span, 1ms)}.count();
  std::array<char, 32> text{};
  const auto [end, error] =
      std::to_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed, 3);
  return {text.data(), end};
}

/// When waiting for replies must end, so that there is time to clean up.
Deadline wait_end(std::chrono::milliseconds patience, Deadline deadline) {
  const auto left = deadline.left();
  const auto reserve = std::max(left * clean_up_percent / 100, clean_up_least);
  return Deadline::in(std::min<Clock::duration>(patience, left - reserve));
}

Failure no_time() { return {Reason::timeout, "the broker left too little time to ask the workers"}; }

Failure first_error(const Replies& replies) {
  if (!replies) return replies.error();
  for (const auto& reply : *replies)
    if (reply.is_error()) return redis_failure(reply.text);
  return {};
}

}  // namespace

struct Broker::Impl {
  Impl(RedisTarget to, std::string id) : target{std::move(to)}, reply_id{std::move(id)} {
    names.database = target.database;
  }

  asio::awaitable<Failure> open_gate();
  asio::awaitable<Result<long long>> publish(PidboxRequest request);
  asio::awaitable<Failure> collect(const std::string& ticket, Deadline until, PidboxRound& round);
  asio::awaitable<Failure> clean_up();
  asio::awaitable<void> clean_up_in_time(Deadline deadline);
  asio::awaitable<Failure> exchange(std::string method, Deadline until, PidboxRound& round);

  RedisTarget target;
  std::string reply_id;
  CeleryNames names;
  std::vector<std::string> queues;
  std::vector<BrokerUser> users;
  Turns turns;
  KeptRedis commands;
  KeptRedis replies;
  /// Keys of ours may be on the broker: of a crashed predecessor, or of a round that could not clean up.
  bool dirty = true;
};

/// Binds our reply queue, which is also the proof that Redis takes a write.
asio::awaitable<Failure> Broker::Impl::open_gate() {
  if (dirty) {
    const auto left_over = co_await clean_up();
    if (left_over) co_return left_over;
  }
  dirty = true;
  std::vector<RedisCommand> gate;
  gate.push_back({"SADD", names.reply_bindings(), names.reply_binding(reply_id)});
  gate.push_back({"INFO", "memory"});
  const auto said = co_await commands.client().pipeline(std::move(gate));
  if (!said) co_return said.error();
  if (said->front().is_error()) co_return redis_failure(said->front().text);
  // Where INFO is not allowed to us, the write alone is the proof.
  const auto& memory = said->back();
  co_return memory.is_error() ? Failure{} : memory_short(InfoText{memory.text}, fullest);
}

asio::awaitable<Result<long long>> Broker::Impl::publish(PidboxRequest request) {
  RedisCommand command{"PUBLISH", names.pidbox_channel(), encode_request(request)};
  const auto said = co_await commands.client().command(std::move(command));
  if (!said) co_return said.error();
  if (said->is_error()) co_return redis_failure(said->text);
  co_return said->integer;
}

/// Pops replies until every listener has answered or the time is over; that some are missing is no failure
/// here.
asio::awaitable<Failure> Broker::Impl::collect(const std::string& ticket, Deadline until,
                                               PidboxRound& round) {
  const auto wanted = static_cast<std::size_t>(std::clamp<long long>(round.receivers, 0, most_replies));
  if (wanted > 0 && until.left() <= pop_slack) co_return no_time();
  std::size_t bytes = 0;
  while (round.replies.size() < wanted && until.left() > pop_slack) {
    RedisCommand pop{"BRPOP", names.reply_queue(reply_id), in_seconds(until.left() - pop_slack)};
    auto popping = replies.client().command(std::move(pop));
    const auto popped = co_await with_deadline(std::move(popping), until);
    if (!popped) co_return Failure{};
    if (!*popped) co_return popped->error();
    const auto& reply = **popped;
    if (reply.is_error()) co_return redis_failure(reply.text);
    if (reply.elements.size() != 2) continue;
    const auto& text = reply.elements.back().text;
    bytes += text.size();
    if (bytes > most_bytes) co_return Failure{Reason::too_large, "the workers' answers exceed 8 MiB"};
    auto message = decode_reply(text);
    if (message && message->ticket == ticket) round.replies.push_back(std::move(*message));
  }
  co_return Failure{};
}

/// The binding first: a late reply then finds no queue and is dropped by its worker.
asio::awaitable<Failure> Broker::Impl::clean_up() {
  std::vector<RedisCommand> removal;
  removal.push_back({"SREM", names.reply_bindings(), names.reply_binding(reply_id)});
  removal.push_back({"DEL", names.reply_queue(reply_id)});
  const auto said = co_await commands.client().pipeline(std::move(removal));
  auto failure = first_error(said);
  dirty = static_cast<bool>(failure);
  co_return failure;
}

asio::awaitable<void> Broker::Impl::clean_up_in_time(Deadline deadline) {
  auto cleaning = clean_up();
  co_await with_deadline(std::move(cleaning), deadline);
}

asio::awaitable<Failure> Broker::Impl::exchange(std::string method, Deadline until, PidboxRound& round) {
  const auto refused = co_await open_gate();
  if (refused) co_return refused;
  PidboxRequest request;
  request.method = std::move(method);
  request.ticket = random_uuid();
  request.reply_id = reply_id;
  request.expires = std::chrono::system_clock::now() + std::chrono::ceil<std::chrono::seconds>(until.left());
  const auto ticket = request.ticket;
  const auto receivers = co_await publish(std::move(request));
  if (!receivers) co_return receivers.error();
  round.receivers = *receivers;
  co_return co_await collect(ticket, until, round);
}

Broker::Broker(RedisTarget target, std::string reply_id)
    : impl_{std::make_unique<Impl>(std::move(target), std::move(reply_id))} {}
Broker::~Broker() = default;

CeleryNames& Broker::names() { return impl_->names; }
std::vector<std::string>& Broker::queues() { return impl_->queues; }
std::vector<std::string> Broker::queues_or_default() const {
  return impl_->queues.empty() ? std::vector<std::string>{"celery"} : impl_->queues;
}

std::vector<BrokerUser>& Broker::users() { return impl_->users; }
const RedisTarget& Broker::target() const { return impl_->target; }
std::string Broker::address() const { return to_string(impl_->target.endpoint); }

asio::awaitable<Turns::Turn> Broker::turn() { return impl_->turns.take(); }

asio::awaitable<Replies> Broker::ask(const Turns::Turn&, Resolver& resolver, Trace& trace,
                                     std::vector<RedisCommand> commands) {
  auto failure = co_await impl_->commands.revive(resolver, trace, impl_->target);
  if (failure) co_return failure;
  co_return co_await impl_->commands.client().pipeline(std::move(commands));
}

asio::awaitable<Result<PidboxRound>> Broker::broadcast(const Turns::Turn&, Resolver& resolver, Trace& trace,
                                                       std::string_view method,
                                                       std::chrono::milliseconds patience,
                                                       Deadline deadline) {
  std::string name{method};
  const auto until = wait_end(patience, deadline);
  for (auto* connection : {&impl_->commands, &impl_->replies}) {
    auto failure = co_await connection->revive(resolver, trace, impl_->target);
    if (failure) co_return failure;
  }
  PidboxRound round;
  std::exception_ptr stopped;
  Failure failure;
  try {
    failure = co_await impl_->exchange(std::move(name), until, round);
  } catch (...) {
    stopped = std::current_exception();
  }
  // We are being stopped, but what we wrote must not outlive us.
  if (stopped) co_await asio::this_coro::reset_cancellation_state();
  if (impl_->dirty) {
    const auto last = stopped ? Deadline::in(clean_up_least) : deadline;
    co_await impl_->clean_up_in_time(last);  // what it leaves stays noted as dirty
  }
  if (stopped) std::rethrow_exception(stopped);
  if (failure) co_return failure;
  co_return round;
}

}  // namespace healthd
