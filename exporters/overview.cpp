#include "exporters/overview.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

#include "exporters/text.hpp"

namespace healthd {
namespace {

struct PartName {
  std::string_view component, name;
  bool plural = false;
};
constexpr std::array part_names{PartName{"nginx", "Nginx"},       PartName{"gunicorn", "Gunicorn"},
                                PartName{"superset", "Superset"}, PartName{"postgres", "PostgreSQL"},
                                PartName{"redis", "Redis"},       PartName{"celery", "Celery workers", true},
                                PartName{"beat", "Celery Beat"},  PartName{"healthd", "superset-healthd"}};

const PartName* find_part(std::string_view component) {
  const auto* found = std::ranges::find(part_names, component, &PartName::component);
  return found == part_names.end() ? nullptr : found;
}

bool is_plural(std::string_view component) {
  const PartName* part = find_part(component);
  return part != nullptr && part->plural;
}

using Parts = std::vector<const ComponentView*>;

Parts parts_in(const Snapshot& snapshot, Status state) {
  Parts parts;
  for (const ComponentView& component : snapshot.components) {
    if (component.state == state) parts.push_back(&component);
  }
  return parts;
}

std::string since(const ComponentView& part, WallTime now) {
  if (!part.since) return "";
  return " since " + clock_time(*part.since, now) + " (" + span(now - *part.since) + ")";
}

std::string joined_names(const Parts& parts) {
  std::string names;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) names += i + 1 == parts.size() ? " and " : ", ";
    names += part_name(parts[i]->name);
  }
  return names;
}

/// "PostgreSQL is down since 12:03:04 UTC (4 min)"; of several, since the first of them.
std::string clause(const Parts& parts, std::string_view state, WallTime now) {
  const auto older = [](const ComponentView* a, const ComponentView* b) {
    return a->since.value_or(WallTime::max()) < b->since.value_or(WallTime::max());
  };
  const bool plural = parts.size() > 1 || is_plural(parts.front()->name);
  const auto* first = *std::ranges::min_element(parts, older);
  return joined_names(parts) + (plural ? " are " : " is ") + std::string{state} +
         (parts.size() > 1 && first->since ? ", the first" : "") + since(*first, now);
}

std::string unknown_clause(const Parts& parts) {
  return "the state of " + joined_names(parts) + " is not known";
}

std::string sentence(std::string text) {
  if (!text.empty() && text.front() == 't') text.front() = 'T';
  return text + '.';
}

}  // namespace

Look look_of(Status status) {
  switch (status) {
    case Status::up:
      return {"up", "✓", "up"};
    case Status::degraded:
      return {"degraded", "▲", "degraded"};
    case Status::down:
      return {"down", "✕", "down"};
    case Status::unknown:
      return {"unknown", "?", "unknown"};
  }
  std::abort();
}

std::string_view part_name(std::string_view component) {
  const PartName* part = find_part(component);
  return part == nullptr ? component : part->name;
}

Status overall_status(const Snapshot& snapshot) {
  for (const Status status : {Status::down, Status::degraded, Status::unknown}) {
    if (!parts_in(snapshot, status).empty()) return status;
  }
  return snapshot.components.empty() ? Status::unknown : Status::up;
}

std::string overall_sentence(const Snapshot& snapshot) {
  if (snapshot.components.empty()) return "Nothing is watched yet.";
  if (!snapshot.ready && overall_status(snapshot) == Status::unknown) return "Waiting for the first results.";
  std::string text;
  for (const Status status : {Status::down, Status::degraded}) {
    const Parts parts = parts_in(snapshot, status);
    if (parts.empty()) continue;
    text += (text.empty() ? "" : "; ") + clause(parts, to_string(status), snapshot.taken_at);
  }
  const Parts unknown = parts_in(snapshot, Status::unknown);
  if (!unknown.empty()) text += (text.empty() ? "" : "; ") + unknown_clause(unknown);
  return text.empty() ? "All parts are up." : sentence(text);
}

}  // namespace healthd
