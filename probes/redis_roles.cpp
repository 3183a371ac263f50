#include "probes/redis_roles.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "probes/workshop.hpp"

namespace healthd {
namespace {

struct Usage {
  std::string_view name;
  int rank;
};
constexpr std::array usages{Usage{"cache", 0}, Usage{"results", 1}, Usage{"broker", 2}};

int rank_of(const std::vector<std::string>& roles) {
  int rank = 0;
  for (const auto& [name, its_rank] : usages)
    if (std::ranges::find(roles, name) != roles.end()) rank = std::max(rank, its_rank);
  return rank;
}

bool takes_over(const ServerSpeaker& next, const ServerSpeaker& present) {
  if (next.rank != present.rank) return next.rank > present.rank;
  const auto& [file, line, column] = next.place;
  return file == present.place.file &&
         std::tie(line, column) < std::tie(present.place.line, present.place.column);
}

}  // namespace

std::vector<std::string> read_redis_roles(Options& options) {
  auto roles = options.texts("role");
  if (roles.empty()) roles.emplace_back("cache");
  for (const auto& role : roles) {
    if (std::ranges::find(usages, role, &Usage::name) != usages.end()) continue;
    options.error("role", "role: expected cache, broker or results, got \"" + role + "\"");
  }
  std::ranges::sort(roles);
  roles.erase(std::ranges::unique(roles).begin(), roles.end());
  return roles;
}

std::shared_ptr<ServerSpeaker> redis_speaker(const Workshop& workshop, const RedisTarget& target,
                                             const std::string& probe, const std::vector<std::string>& roles,
                                             Place place) {
  auto speaker = std::make_shared<ServerSpeaker>();
  for (const auto& [other, known] : workshop.redis)
    if (known.speaker && to_string(known.endpoint) == to_string(target.endpoint)) speaker = known.speaker;
  ServerSpeaker candidate{probe, rank_of(roles), std::move(place)};
  if (takes_over(candidate, *speaker)) *speaker = std::move(candidate);
  return speaker;
}

bool holds_tasks(const ServerSpeaker& speaker) { return speaker.rank > 0; }

}  // namespace healthd
