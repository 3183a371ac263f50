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
  bool watching = false;  ///< its loop has not ended
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
    begin(*each);
    each->tasks.spawn("listen " + each->scheduled.name, each->scheduled.probe->listen(tools_));
  }
}

void WatchList::begin(Watched& each) {
  each.watching = true;
  *each.scheduled.last_sign = Deadline::Clock::now();
  each.tasks.spawn("watch " + each.scheduled.name, keep_watching(each));
}

asio::awaitable<void> WatchList::keep_watching(Watched& each) {
  struct Ended {
    bool& watching;
    ~Ended() { watching = false; }
  } ended{each.watching};
  auto loop = watch(each.scheduled, each.identity, tools_, sink_);
  co_await std::move(loop);
}

std::vector<std::string> WatchList::sweep(Deadline::Clock::time_point now) {
  std::vector<std::string> restarted;
  for (auto& each : probes_) {
    if (!each->started || stopping_) continue;
    // One that hangs is cancelled, and begins anew once it has let go: runs of one probe never overlap.
    if (each->watching && is_stuck(each->scheduled, now)) each->tasks.cancel("watch " + each->scheduled.name);
    if (each->watching) continue;
    restarted.push_back(each->scheduled.name);
    begin(*each);
  }
  return restarted;
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
  stopping_ = true;
  for (auto& each : probes_) co_await each->tasks.stop();
}

const std::string* WatchList::stuck(Deadline::Clock::time_point now) const {
  const auto found = std::ranges::find_if(
      probes_, [now](const auto& each) { return each->started && is_stuck(each->scheduled, now); });
  return found == probes_.end() ? nullptr : &(*found)->scheduled.name;
}

void WatchList::nudge(const std::string& name) {
  const auto found = std::ranges::find(probes_, name, [](const auto& each) { return each->scheduled.name; });
  if (found != probes_.end()) (*found)->scheduled.nudge->now();
}

}  // namespace healthd
