#include "daemon/lever_views.hpp"

namespace healthd {
namespace {

/// `alertname=RedisDown, worker=~celery@.*`; a value that begins with `~` is an expression.
std::string in_words(const LabelMap& matchers) {
  std::string text;
  for (const auto& [label, value] : matchers) text += (text.empty() ? "" : ", ") + label + "=" + value;
  return text;
}

std::string in_words(const std::vector<std::string>& components) {
  std::string text;
  for (const auto& component : components) text += (text.empty() ? "" : ", ") + component;
  return text.empty() ? "all parts" : text;
}

LeverView view_of(const Maintenance& maintenance) {
  return {maintenance.id,        in_words(maintenance.components),
          maintenance.starts_at, maintenance.ends_at,
          maintenance.author,    maintenance.reason};
}

}  // namespace

std::vector<LeverView> silence_views(const Levers& levers) {
  std::vector<LeverView> views;
  for (const auto& silence : levers.silences())
    views.push_back({silence.id, in_words(silence.matchers), silence.starts_at, silence.ends_at,
                     silence.author, silence.comment});
  return views;
}

std::vector<LeverView> maintenance_views(const Levers& levers, Levers::Time now) {
  std::vector<LeverView> views;
  for (const auto& maintenance : levers.maintenances()) views.push_back(view_of(maintenance));
  for (const auto& window : levers.windows_on(now)) views.push_back(view_of(window));
  return views;
}

}  // namespace healthd
