#include "probes/net/kept_redis.hpp"

namespace healthd {

bool KeptRedis::usable() const { return client_ && client_->usable(); }

asio::awaitable<bool> KeptRedis::alive() {
  if (!usable()) co_return false;
  RedisCommand ping{"PING"};
  const auto pong = co_await client_->command(std::move(ping));
  co_return pong.has_value();
}

asio::awaitable<Failure> KeptRedis::revive(Resolver& resolver, Trace& trace, const RedisTarget& target) {
  trace.enter(Phase::request);
  const bool kept = co_await alive();
  if (kept) co_return Failure{};
  co_return co_await dial_anew(resolver, trace, target);
}

asio::awaitable<Result<std::vector<RedisReply>>> KeptRedis::ask(Resolver& resolver, Trace& trace,
                                                                const RedisTarget& target,
                                                                std::vector<RedisCommand> commands) {
  trace.enter(Phase::request);
  if (usable()) {
    auto again = commands;
    auto replies = co_await client_->pipeline(std::move(again));
    if (replies || replies.error().reason == Reason::too_large) co_return replies;
  }
  auto failure = co_await dial_anew(resolver, trace, target);
  if (failure) co_return failure;
  co_return co_await client_->pipeline(std::move(commands));
}

asio::awaitable<Failure> KeptRedis::dial_anew(Resolver& resolver, Trace& trace, const RedisTarget& target) {
  client_.reset();
  auto connection = co_await redis_connect(resolver, trace, target);
  if (!connection.client) co_return std::move(connection.failure);
  client_ = std::move(connection.client);
  ++dials_;
  trace.enter(Phase::request);
  co_return Failure{};
}

}  // namespace healthd
