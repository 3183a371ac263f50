// Alerts, receivers and routes: who is told what.
#include <algorithm>
#include <array>

#include "config/load_parts.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

constexpr std::array common_keys{"name", "fallback", "fallback_after", "reminder"};
constexpr Duration longest_hold = 7 * 24h;
constexpr Duration longest_grace = 1h;

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::ranges::find(list, word) != list.end();
}

AlertOverride read_override(Options options) {
  AlertOverride change;
  change.place = options.place();
  change.enabled = options.flag("enabled");
  change.threshold = options.number_or_seconds("threshold");
  change.hold = options.duration("for", Duration{0}, longest_hold);
  return change;
}

std::string type_problem(const std::string& type, const std::vector<std::string>& known) {
  return "unknown receiver type " + in_quotes(type) + did_you_mean(type, known);
}

/// The receiver's one key beside those that every receiver has; "" after a problem.
std::string read_type(Options& options, const KnownNames& known) {
  std::string found;
  for (const auto& type : options.keys()) {
    if (std::ranges::find(common_keys, type) != common_keys.end()) continue;
    if (!contains(known.receiver_types, type)) {
      options.error(type, type_problem(type, known.receiver_types));
      return "";
    }
    if (!found.empty()) {
      options.error(type, "a receiver has one type; this one is " + in_quotes(found) + " already");
      return "";
    }
    found = type;
  }
  if (!found.empty()) return found;
  std::string types;
  for (const auto& type : known.receiver_types) types += (types.empty() ? "" : " or ") + type;
  options.error("", "the receiver's type is missing: " + types);
  return "";
}

void check_fallback(Options& options, const std::vector<std::string>& names) {
  const auto other = options.text("fallback");
  if (other.empty()) return;
  if (other == options.text("name"))
    options.error("fallback", "fallback: a receiver cannot stand in for itself");
  if (!contains(names, other))
    options.error("fallback",
                  "fallback: no receiver is named " + in_quotes(other) + did_you_mean(other, names));
}

std::vector<ReceiverConfig> read_receivers(Options& root, const KnownNames& known, UniqueNames& names) {
  std::vector<ReceiverConfig> receivers;
  auto list = root.maps("receivers");
  for (auto& options : list) {
    ReceiverConfig receiver;
    receiver.name = read_name(options, "name", plain_name);
    names.add(options, receiver.name);
    receiver.type = read_type(options, known);
    if (receiver.type.empty()) continue;
    receiver.options = options.map(receiver.type);
    receiver.fallback = options.text("fallback");
    receiver.fallback_after = options.duration("fallback_after", receiver.fallback_after);
    receiver.reminder = options.duration("reminder", Duration{0}, longest_hold);
    receivers.push_back(std::move(receiver));
  }
  for (auto& options : list) check_fallback(options, names.list());
  return receivers;
}

/// Names in a list of which each must be among `known`.
std::vector<std::string> read_names(Options& options, std::string_view key, std::string_view what,
                                    const std::vector<std::string>& known, Problems& problems) {
  auto list = options.texts(key);
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (contains(known, list[i])) continue;
    problems.error(options.place(key, i), std::string{key} + ": no " + std::string{what} + " is named " +
                                              in_quotes(list[i]) + did_you_mean(list[i], known));
  }
  return list;
}

RouteConfig read_route(Options& options, const std::vector<std::string>& receivers, Problems& problems) {
  RouteConfig route;
  route.severity = options.choice("severity", "", {"critical", "warning"});
  route.components = read_names(options, "components", "component", components(), problems);
  const auto before = problems.size();
  route.receivers = read_names(options, "receivers", "receiver", receivers, problems);
  if (route.receivers.empty() && problems.size() == before) {
    options.error("receivers", "receivers: a route needs at least one receiver");
  }
  return route;
}

std::vector<RouteConfig> read_routes(std::vector<Options>& list, const std::vector<std::string>& receivers,
                                     Problems& problems) {
  std::vector<RouteConfig> routes;
  for (auto& options : list) routes.push_back(read_route(options, receivers, problems));
  return routes;
}

bool takes_everything(const RouteConfig& route) { return route.severity.empty() && route.components.empty(); }

/// Cuts off the routes that no alert ever comes to.
void cut_idle_routes(std::vector<RouteConfig>& routes, const std::vector<Options>& list, Problems& problems) {
  const auto last = std::ranges::find_if(routes, takes_everything);
  if (last == routes.end()) return;
  const auto used = static_cast<std::size_t>(last - routes.begin()) + 1;
  for (std::size_t i = used; i < list.size(); ++i) {
    problems.warning(list[i].place(), "an earlier route takes every alert, so this one sees none");
  }
  routes.resize(used);
}

/// An alert that no route takes reaches nobody; for a page that is worth a word.
void warn_of_lost_pages(Options& root, const std::vector<RouteConfig>& routes) {
  if (routes.empty()) return;
  const bool taken = std::ranges::any_of(routes, [](const RouteConfig& route) {
    return route.components.empty() && route.severity != "warning";
  });
  if (!taken) root.warning("routes", "routes: critical alerts of some components reach no receiver");
}

void warn_of_idle_receivers(const Config& config, Problems& problems) {
  if (config.routes.empty()) return;
  for (const auto& receiver : config.receivers) {
    const auto& name = receiver.name;
    const bool reached = std::ranges::any_of(
        config.routes, [&](const RouteConfig& route) { return contains(route.receivers, name); });
    if (!reached && !name.empty()) {
      problems.warning(receiver.options.place(), "no route leads to the receiver " + in_quotes(name));
    }
  }
}

}  // namespace

AlertsConfig load_alerts_section(Options& root, const KnownNames& known) {
  auto options = root.map("alerts");
  AlertsConfig alerts;
  alerts.runbook_base_url = read_base_url(options, "runbook_base_url");
  alerts.dashboard_base_url = read_base_url(options, "dashboard_base_url");
  alerts.boot_grace = options.duration("boot_grace", Duration{0}, longest_grace).value_or(alerts.boot_grace);
  auto overrides = options.map("overrides");
  for (const auto& name : overrides.keys()) {
    if (contains(known.alerts, name)) {
      alerts.overrides.emplace(name, read_override(overrides.map(name)));
    } else {
      overrides.error(name,
                      "overrides: no alert is named " + in_quotes(name) + did_you_mean(name, known.alerts));
    }
  }
  return alerts;
}

void load_receivers(Options& root, const KnownNames& known, Config& config, Problems& problems) {
  UniqueNames names;
  config.receivers = read_receivers(root, known, names);
  const auto before = problems.size();
  auto routes = root.maps("routes");
  config.routes = read_routes(routes, names.list(), problems);
  if (problems.size() == before) {  // else the warnings would speak of what is not meant
    cut_idle_routes(config.routes, routes, problems);
    warn_of_lost_pages(root, config.routes);
    warn_of_idle_receivers(config, problems);
  }
  if (!config.receivers.empty() && config.web.external_url.empty() &&
      config.alerts.runbook_base_url.empty()) {
    root.warning("receivers",
                 "receivers: links to runbooks will carry this host's name; set web.external_url or "
                 "alerts.runbook_base_url");
  }
}

}  // namespace healthd
