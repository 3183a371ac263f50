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
constexpr std::size_t most_replies = 8192;
constexpr auto heartbeat_validity = 5s;
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

/// The name may lead to another server by now, and a kept connection would never find out.
bool is_replaced(Reason reason) {
  return reason == Reason::read_only || reason == Reason::masterdown || reason == Reason::loading;
}

Failure no_time() { return {Reason::timeout, "the broker left too little time to ask the workers"}; }

Failure first_error(const Replies& replies) {
  if (!replies) return replies.error();
  for (const auto& reply : *replies)
    if (reply.is_error()) return redis_failure(reply.text);
  return {};
}

/// What is asked in one go, with the ticket of each round.
struct Exchange {
  std::vector<PidboxRound> rounds;
  std::vector<std::string> tickets;

  std::size_t wanted() const {
    long long all = 0;
    for (const auto& round : rounds) all += std::clamp<long long>(round.receivers, 0, most_replies);
    return std::min(static_cast<std::size_t>(all), most_replies);
  }
  std::size_t received() const {
    std::size_t all = 0;
    for (const auto& round : rounds) all += round.replies.size();
    return all;
  }
  /// Replies to other requests, late ones for one, are dropped.
  void take(PidboxReply reply) {
    const auto ticket = std::ranges::find(tickets, reply.ticket);
    if (ticket == tickets.end()) return;
    rounds[static_cast<std::size_t>(ticket - tickets.begin())].replies.push_back(std::move(reply));
  }
};

}  // namespace

struct Broker::Impl {
  Impl(RedisTarget to, std::string id) : target{std::move(to)}, reply_id{std::move(id)} {
    names.database = target.database;
  }

  asio::awaitable<Failure> open_gate();
  asio::awaitable<Failure> publish(Deadline until, Exchange& exchange);
  asio::awaitable<Failure> collect(Deadline until, Exchange& exchange);
  asio::awaitable<Failure> clean_up();
  asio::awaitable<void> clean_up_in_time(Deadline deadline);
  asio::awaitable<Failure> inquire(Deadline until, Exchange& exchange);
  PidboxRequest request(std::string method, Deadline until) const;
  void drop_connections() {
    commands.drop();
    replies.drop();
    subscription.renew();
  }

  RedisTarget target;
  std::string reply_id;
  CeleryNames names;
  std::vector<std::string> queues;
  std::vector<BrokerUser> users;
  bool passive = false;
  Turns turns;
  BrokerSubscription subscription{target, names};
  KeptRedis commands;
  KeptRedis replies;
  /// Keys of ours may be on the broker: of a crashed predecessor, or of a round that could not clean up.
  bool dirty = true;
};

/// Binds our reply queue, which is also the proof that Redis takes a write. A binding that is there already,
/// although we removed ours, is somebody else's who goes by our id: then we take another one.
asio::awaitable<Failure> Broker::Impl::open_gate() {
  if (dirty) {
    const auto left_over = co_await clean_up();
    if (left_over) co_return left_over;
  }
  dirty = true;
  std::vector<RedisReply> said;
  for (bool bound = false; !bound;) {
    std::vector<RedisCommand> gate;
    gate.push_back({"SADD", names.reply_bindings(), names.reply_binding(reply_id)});
    gate.push_back({"INFO", "memory"});
    auto replies_to_it = co_await commands.client().pipeline(std::move(gate));
    if (!replies_to_it) co_return replies_to_it.error();
    said = std::move(*replies_to_it);
    if (said.front().is_error()) co_return redis_failure(said.front().text);
    bound = said.front().integer == 1;
    if (!bound) reply_id = random_uuid();
  }
  // Who does not know how full Redis is must not ask: the reply could be what no longer fits.
  const auto& memory = said.back();
  if (memory.is_error()) co_return redis_failure(memory.text);
  const InfoText info{memory.text};
  if (!info.number("used_memory") || !info.number("maxmemory"))
    co_return Failure{Reason::permission, "INFO does not show us used_memory and maxmemory"};
  co_return memory_short(info, fullest);
}

PidboxRequest Broker::Impl::request(std::string method, Deadline until) const {
  PidboxRequest request;
  request.method = std::move(method);
  request.ticket = random_uuid();
  request.reply_id = reply_id;
  request.expires = std::chrono::system_clock::now() + std::chrono::ceil<std::chrono::seconds>(until.left());
  return request;
}

asio::awaitable<Failure> Broker::Impl::publish(Deadline until, Exchange& exchange) {
  std::vector<RedisCommand> all;
  for (auto& round : exchange.rounds) {
    const auto one = request(round.method, until);
    all.push_back({"PUBLISH", names.pidbox_channel(), encode_request(one)});
    exchange.tickets.push_back(one.ticket);
    round.asked_at = std::chrono::steady_clock::now();
  }
  const auto said = co_await commands.client().pipeline(std::move(all));
  auto failure = first_error(said);
  if (failure) co_return failure;
  for (std::size_t at = 0; at < said->size(); ++at) exchange.rounds[at].receivers = (*said)[at].integer;
  co_return Failure{};
}

/// Pops replies until every listener has answered or the time is over; that some are missing is no failure
/// here.
asio::awaitable<Failure> Broker::Impl::collect(Deadline until, Exchange& exchange) {
  const auto wanted = exchange.wanted();
  if (wanted > 0 && until.left() <= pop_slack) co_return no_time();
  std::size_t bytes = 0;
  while (exchange.received() < wanted && until.left() > pop_slack) {
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
    if (auto message = decode_reply(text)) exchange.take(std::move(*message));
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

asio::awaitable<Failure> Broker::Impl::inquire(Deadline until, Exchange& exchange) {
  auto refused = co_await open_gate();
  if (refused) co_return refused;
  auto unheard = co_await publish(until, exchange);
  if (unheard) co_return unheard;
  co_return co_await collect(until, exchange);
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
bool& Broker::passive() { return impl_->passive; }
BrokerSubscription& Broker::subscription() { return impl_->subscription; }
const RedisTarget& Broker::target() const { return impl_->target; }
std::string Broker::address() const { return to_string(impl_->target.endpoint); }

asio::awaitable<Turns::Turn> Broker::turn() { return impl_->turns.take(); }

asio::awaitable<Replies> Broker::ask(const Turns::Turn&, Resolver& resolver, Trace& trace,
                                     std::vector<RedisCommand> commands) {
  co_return co_await impl_->commands.ask(resolver, trace, impl_->target, std::move(commands));
}

long long Broker::dials() const { return impl_->commands.dials(); }

asio::awaitable<Replies> Broker::ask_more(const Turns::Turn&, std::vector<RedisCommand> commands) {
  if (!impl_->commands.usable()) co_return Failure{Reason::reset, "the connection is no longer usable"};
  co_return co_await impl_->commands.client().pipeline(std::move(commands));
}

asio::awaitable<Result<std::vector<PidboxRound>>> Broker::broadcast(const Turns::Turn&, Resolver& resolver,
                                                                    Trace& trace,
                                                                    std::vector<std::string> methods,
                                                                    std::chrono::milliseconds patience,
                                                                    Deadline deadline) {
  const auto until = wait_end(patience, deadline);
  for (auto* connection : {&impl_->commands, &impl_->replies}) {
    // The one for commands was used a moment ago, in this turn.
    if (connection == &impl_->commands && connection->usable()) continue;
    auto failure = co_await connection->revive(resolver, trace, impl_->target);
    if (failure) co_return failure;
  }
  Exchange exchange;
  for (auto& method : methods) exchange.rounds.push_back({.method = std::move(method)});
  std::exception_ptr stopped;
  Failure failure;
  try {
    failure = co_await impl_->inquire(until, exchange);
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
  if (is_replaced(failure.reason)) impl_->drop_connections();
  if (failure) co_return failure;
  co_return std::move(exchange.rounds);
}

asio::awaitable<Result<long long>> Broker::request_heartbeats(const Turns::Turn&) {
  if (!impl_->commands.usable()) co_return Failure{Reason::reset, "the connection is no longer usable"};
  PidboxRequest request;
  request.method = "heartbeat";
  request.expires = std::chrono::system_clock::now() + heartbeat_validity;
  RedisCommand command{"PUBLISH", impl_->names.pidbox_channel(), encode_request(request)};
  const auto said = co_await impl_->commands.client().command(std::move(command));
  if (!said) co_return said.error();
  if (said->is_error()) co_return redis_failure(said->text);
  co_return said->integer;
}

}  // namespace healthd
