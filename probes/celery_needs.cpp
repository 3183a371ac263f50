#include "probes/celery_needs.hpp"

#include <algorithm>

#include "probes/celery_canary.hpp"
#include "probes/redis_needs.hpp"
#include "probes/workshop.hpp"

namespace healthd {
namespace {

/// Another process of ours on the same machine, and the next machine, has another reply id.
constexpr std::string_view any_reply_id = R"(????????-????-????-????-????????????)";

/// What is asked of the queues.
void add_queues(const CeleryNames& names, const std::vector<std::string>& queues, RedisNeeds& needs) {
  needs.commands.insert({"client|list", "hlen", "info", "llen", "time", "zrange"});
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

/// What BrokerSubscription listens to.
void add_listening(const BrokerSubscription& subscription, RedisNeeds& needs) {
  needs.commands.insert("subscribe");
  for (const auto& channel : subscription.channels()) needs.channels.insert(acl_pattern(channel));
  if (const auto pattern = subscription.pattern(); !pattern.empty()) {
    needs.commands.insert("psubscribe");
    needs.channels.insert(pattern);  // Redis wants the same pattern, letter by letter
  }
}

/// What a test task is sent, withdrawn and cleaned up with.
void add_canary(const CeleryNames& names, const BrokerUser& user, RedisNeeds& needs) {
  needs.commands.insert({"del", "get", "lpush", "lrem", "select"});
  for (const auto& queue : user.canary_queues) needs.writes.insert(acl_pattern(names.queue(queue, 0)));
  needs.writes.insert(acl_pattern(user.result_prefix) + "*");
}

RedisNeeds needs_of(Broker& broker, const BrokerUser& user) {
  auto needs = connection_needs(user.probe, broker.target());
  add_queues(broker.names(), user.queues.empty() ? broker.queues_or_default() : user.queues, needs);
  if (user.reads_messages) needs.commands.insert({"hmget", "lindex", "lpos"});
  add_listening(broker.subscription(), needs);
  if (user.asks_workers && !broker.passive()) add_round(broker.names(), needs);
  if (!user.canary_queues.empty()) add_canary(broker.names(), user, needs);
  return needs;
}

}  // namespace

bool canary_disturbs_clock(Broker& broker) {
  const auto& users = broker.users();
  return std::ranges::any_of(users, [](const auto& user) { return !user.canary_queues.empty(); }) &&
         std::ranges::any_of(users, [](const auto& user) { return user.clock_task == canary_task_name; });
}

void tell_broker_needs(Workshop& workshop, Broker& broker, BrokerUser user) {
  broker.users().push_back(std::move(user));
  for (const auto& each : broker.users()) {
    std::erase_if(workshop.needs.redis, [&](const auto& known) { return known.probe == each.probe; });
    workshop.needs.redis.push_back(needs_of(broker, each));
  }
}

}  // namespace healthd
