#include "probes/celery_needs.hpp"

#include "probes/redis_needs.hpp"
#include "probes/workshop.hpp"

namespace healthd {
namespace {

/// Another process of ours on the same machine, and the next machine, has another reply id.
constexpr std::string_view any_reply_id = R"(????????-????-????-????-????????????)";

/// What queue_commands() asks.
void add_queues(const CeleryNames& names, const std::vector<std::string>& queues, RedisNeeds& needs) {
  needs.commands.insert({"hlen", "llen", "time", "zrange"});
  for (const auto& queue : queues)
    for (const int step : names.steps) needs.reads.insert(acl_pattern(names.queue(queue, step)));
  needs.reads.insert({acl_pattern(names.unacked()), acl_pattern(names.unacked_index())});
}

/// What Broker::broadcast() does: bind a reply queue, ask, pop the replies, remove all of it.
void add_round(const CeleryNames& names, RedisNeeds& needs) {
  needs.commands.insert({"brpop", "del", "info", "publish", "sadd", "srem"});
  const auto replies = names.reply_queue("");
  needs.writes.insert(acl_pattern(names.reply_bindings()));
  needs.writes.insert(acl_pattern(names.key_prefix) + std::string{any_reply_id} +
                      acl_pattern(replies.substr(names.key_prefix.size())));
  needs.channels.insert(acl_pattern(names.pidbox_channel()));
}

RedisNeeds needs_of(Broker& broker, const BrokerUser& user) {
  auto needs = connection_needs(user.probe, broker.target());
  add_queues(broker.names(), user.queues.empty() ? broker.queues_or_default() : user.queues, needs);
  if (user.asks_workers) add_round(broker.names(), needs);
  return needs;
}

}  // namespace

void tell_broker_needs(Workshop& workshop, Broker& broker, BrokerUser user) {
  broker.users().push_back(std::move(user));
  for (const auto& each : broker.users()) {
    std::erase_if(workshop.needs.redis, [&](const auto& known) { return known.probe == each.probe; });
    workshop.needs.redis.push_back(needs_of(broker, each));
  }
}

}  // namespace healthd
