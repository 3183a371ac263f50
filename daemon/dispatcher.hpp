// Takes alerts to receivers: a loop of its own for each place, so a dead one delays no other.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "daemon/task_scope.hpp"
#include "exporters/notifier.hpp"
#include "exporters/snapshot.hpp"
#include "probes/deadline.hpp"

namespace healthd {

/// A configured receiver and the places it stands for.
struct Receiver {
  std::string name;
  std::vector<std::unique_ptr<Notifier>> notifiers;
};

class Dispatcher {
 public:
  Dispatcher(asio::any_io_executor executor, std::vector<Receiver> receivers,
             std::vector<RouteConfig> routes);
  ~Dispatcher();

  /// Spawns one delivery loop per place.
  void start(TaskScope& scope);
  /// Queues the change for every receiver that the routes name.
  void dispatch(const Alert& alert);
  /// Tries whatever is unsent at once, until all is accepted or the deadline comes. Returns what was left.
  asio::awaitable<std::size_t> drain(Deadline deadline);

  std::vector<ReceiverView> views() const;

 private:
  struct Place;
  bool routed_to(const Alert& alert, const std::string& receiver) const;

  asio::any_io_executor executor_;
  std::vector<RouteConfig> routes_;
  std::vector<std::unique_ptr<Place>> places_;
};

}  // namespace healthd
