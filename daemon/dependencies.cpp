#include "daemon/dependencies.hpp"

#include <algorithm>
#include <array>

namespace healthd {
namespace {

constexpr std::array needs{
    KindNeed{"nginx", "gunicorn"}, KindNeed{"superset", "gunicorn"}, KindNeed{"superset", "postgres"},
    KindNeed{"superset", "redis"}, KindNeed{"celery", "redis"},      KindNeed{"beat", "redis"},
    KindNeed{"beat", "celery"},
};

bool is_parent(const Dependent& child, const Dependent& other) {
  const auto fits = [&](const KindNeed& need) {
    return need.child == child.kind && need.parent == other.kind;
  };
  if (std::ranges::none_of(needs, fits)) return false;
  if (child.broker.empty()) return true;
  if (other.kind == "redis") return other.name == child.broker;
  return other.broker == child.broker;
}

std::set<std::string> parents_of(const Dependent& child, const std::vector<Dependent>& probes) {
  std::set<std::string> parents;
  if (child.depends_on != nullptr) {
    parents.insert(child.depends_on->begin(), child.depends_on->end());
    return parents;
  }
  for (const auto& other : probes)
    if (is_parent(child, other)) parents.insert(other.name);
  return parents;
}

}  // namespace

std::span<const KindNeed> kind_needs() { return needs; }

Dependencies::Dependencies(const std::vector<Dependent>& probes) {
  for (const auto& probe : probes) ancestors_[probe.name] = parents_of(probe, probes);
  // Grandparents, until nothing is added. There are no circles: the loader refuses them.
  for (bool grown = true; grown;) {
    grown = false;
    for (auto& [name, known] : ancestors_) {
      auto more = known;
      for (const auto& parent : known) {
        const auto& theirs = ancestors_[parent];
        more.insert(theirs.begin(), theirs.end());
      }
      more.erase(name);
      grown = grown || more.size() > known.size();
      known = std::move(more);
    }
  }
}

const std::set<std::string>& Dependencies::ancestors(const std::string& probe) const {
  static const std::set<std::string> none;
  const auto found = ancestors_.find(probe);
  return found == ancestors_.end() ? none : found->second;
}

bool Dependencies::related(const std::string& one, const std::string& other) const {
  return one == other || ancestors(one).contains(other) || ancestors(other).contains(one);
}

}  // namespace healthd
