// Maintenance windows that come back: when, for how long, for which parts.
#include <algorithm>

#include "config/load_parts.hpp"

namespace healthd {
namespace {

constexpr Duration least_window{60'000};
constexpr Duration longest_window = std::chrono::hours{24};

}  // namespace

void load_maintenance(Options& root, Config& config, Problems& problems) {
  UniqueNames names;
  for (auto& options : root.maps("maintenance")) {
    MaintenanceConfig window;
    window.name = read_name(options, "name", plain_name);
    names.add(options, window.name);
    const auto text = options.require_text("schedule");
    const auto schedule = Cron::parse(text);
    if (schedule) window.schedule = *schedule;
    if (!schedule && !text.empty())
      options.error(
          "schedule",
          "schedule: expected five fields, minute hour day month weekday, such as \"0 2 * * 0\" for "
          "Sundays at two, got " +
              in_quotes(text));
    if (!options.has("duration")) options.error("", "\"duration\" is required");
    window.duration = options.duration("duration", least_window, longest_window).value_or(least_window);
    window.reason = options.text("reason");
    window.utc = options.choice("timezone", "local", {"local", "UTC"}) == "UTC";
    window.components = options.texts("components");
    for (std::size_t i = 0; i < window.components.size(); ++i) {
      const auto& name = window.components[i];
      if (std::ranges::find(components(), name) == components().end())
        problems.error(
            options.place("components", i),
            "components: no component is named " + in_quotes(name) + did_you_mean(name, components()));
    }
    config.maintenance.push_back(std::move(window));
  }
}

}  // namespace healthd
