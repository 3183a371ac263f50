#include "probes/celery_broker.hpp"

#include "probes/net/reply_identity.hpp"
#include "probes/workshop.hpp"

namespace healthd {
namespace {

/// A broker with the identity that its reply queue is named after; both live equally long.
struct OwnedBroker {
  OwnedBroker(std::string_view stack, const std::string& name, const RedisTarget& target)
      : identity{stack, name}, broker{target, identity.id()} {}
  ReplyIdentity identity;
  Broker broker;
};

std::vector<std::string> names_of(const Workshop& workshop) {
  std::vector<std::string> names;
  for (const auto& [name, target] : workshop.redis) names.push_back(name);
  return names;
}

}  // namespace

std::shared_ptr<Broker> read_broker(Options& options, Workshop& workshop) {
  const auto name = options.require_text("broker");
  if (name.empty()) return nullptr;
  const auto target = workshop.redis.find(name);
  if (target == workshop.redis.end()) {
    const auto known = names_of(workshop);
    const auto guess = nearest(name, known);
    const auto hint = guess.empty() ? std::string{} : "; did you mean \"" + std::string{guess} + "\"?";
    options.error("broker", "broker: no redis probe is called \"" + name + "\"" + hint);
    return nullptr;
  }
  auto& shared = workshop.brokers[name];
  if (!shared) {
    const auto owned = std::make_shared<OwnedBroker>(workshop.stack, name, target->second);
    shared = std::shared_ptr<Broker>{owned, &owned->broker};
  }
  return shared;
}

}  // namespace healthd
