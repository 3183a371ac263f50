#include "daemon/watch_list.hpp"

#include <algorithm>
#include <utility>

namespace healthd {

/// The order matters: the tasks are gone before the probe they use.
struct WatchList::Watched {
  std::string identity, fingerprint;
  ScheduledProbe scheduled;
  TaskScope tasks;
  bool started = false;
};

WatchList::WatchList(asio::any_io_executor executor, Tools& tools, RunSink sink, TaskScope::Escaped escaped)
    : executor_{std::move(executor)}, tools_{tools}, sink_{std::move(sink)}, escaped_{std::move(escaped)} {}

WatchList::~WatchList() = default;

void WatchList::add(const std::string& stack, BuiltProbe& built) {
  const auto& config = built.config;
  ScheduledProbe scheduled{config.name, config.interval, config.timeout, config.retry_interval,
                           std::move(built.probe)};
  probes_.push_back(std::make_unique<Watched>(stack + "/" + config.name, built.fingerprint,
                                              std::move(scheduled), TaskScope{executor_, escaped_}));
}

void WatchList::start() {
  for (auto& each : probes_) {
    if (std::exchange(each->started, true)) continue;
    const auto& probe = each->scheduled;
    each->tasks.spawn("watch " + probe.name, watch(probe, each->identity, tools_, sink_));
    each->tasks.spawn("listen " + probe.name, probe.probe->listen(tools_));
  }
}

std::set<std::string> WatchList::unchanged(const std::vector<BuiltProbe>& next) const {
  std::set<std::string> names;
  for (const auto& each : probes_) {
    const auto same = [&](const BuiltProbe& built) {
      return built.config.name == each->scheduled.name && built.fingerprint == each->fingerprint;
    };
    if (std::ranges::any_of(next, same)) names.insert(each->scheduled.name);
  }
  return names;
}

asio::awaitable<void> WatchList::keep_only(std::set<std::string> names) {
  const auto stays = [&names](const auto& each) { return names.contains(each->scheduled.name); };
  const auto going = std::ranges::partition(probes_, stays);
  for (auto& each : going) co_await each->tasks.stop();
  probes_.erase(going.begin(), going.end());
}

asio::awaitable<void> WatchList::stop() {
  for (auto& each : probes_) co_await each->tasks.stop();
}

void WatchList::nudge(const std::string& name) {
  const auto found = std::ranges::find(probes_, name, [](const auto& each) { return each->scheduled.name; });
  if (found != probes_.end()) (*found)->scheduled.nudge->now();
}

}  // namespace healthd
