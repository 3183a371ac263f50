#include "probes/net/kept_redis.hpp"

namespace healthd {

asio::awaitable<bool> KeptRedis::alive() {
  if (!client_ || !client_->usable()) co_return false;
  RedisCommand ping{"PING"};
  const auto pong = co_await client_->command(std::move(ping));
  co_return pong.has_value();
}

asio::awaitable<Failure> KeptRedis::revive(Resolver& resolver, Trace& trace, const RedisTarget& target) {
  trace.enter(Phase::request);
  const bool kept = co_await alive();
  if (kept) co_return Failure{};
  client_.reset();
  auto connection = co_await redis_connect(resolver, trace, target);
  if (!connection.client) co_return std::move(connection.failure);
  client_ = std::move(connection.client);
  trace.enter(Phase::request);
  co_return Failure{};
}

}  // namespace healthd
