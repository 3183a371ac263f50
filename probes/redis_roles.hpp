// What a Redis is used for, and which of its probes speaks for the whole server.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/options.hpp"
#include "probes/net/redis.hpp"

namespace healthd {

struct Workshop;

/// Reads `role`: one or several of cache (the default), broker, results; sorted.
std::vector<std::string> read_redis_roles(Options& options);

/// What all probes of one endpoint share. The probe of the highest rank speaks, and of one rank whoever is
/// named first, in whatever order probes are built. `place`: of the probe's configuration.
std::shared_ptr<ServerSpeaker> redis_speaker(const Workshop& workshop, const RedisTarget& target,
                                             const std::string& probe, const std::vector<std::string>& roles,
                                             Place place);

/// Somebody's broker or result store, by the rank of its speaker: eviction loses work there.
bool holds_tasks(const ServerSpeaker& speaker);

}  // namespace healthd
