// Takes alerts to receivers: a loop of its own for each place, so a dead one delays no other.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "daemon/delivery.hpp"
#include "daemon/journal.hpp"
#include "daemon/task_scope.hpp"
#include "exporters/notifier.hpp"
#include "exporters/snapshot.hpp"
#include "probes/deadline.hpp"

namespace healthd {

/// A configured receiver and the places it stands for.
struct Receiver {
  std::string name;
  std::vector<std::unique_ptr<Notifier>> notifiers;
  std::string fallback = {};  ///< the receiver that stands in for it; "" for none
  Duration fallback_after{300'000};
  std::optional<Duration> reminder = {};
};

class Dispatcher {
 public:
  Dispatcher(asio::any_io_executor executor, std::vector<Receiver> receivers, std::vector<RouteConfig> routes,
             Journal& journal);
  ~Dispatcher();

  /// A row of the state file, before start(). What is of no receiver of ours is forgotten.
  void restore(const std::string& key, const std::string& body);
  /// Alerts that some receiver was told, or is to be told, as firing.
  std::vector<Alert> told_firing() const;

  /// Spawns one delivery loop per place.
  void start(TaskScope& scope);
  /// Queues the change for every receiver that the routes name, and for whoever knows of the alert already.
  void dispatch(const Alert& alert);
  /// After a restart: receivers that the configuration brought since then hear of what fires.
  void tell_newcomers(const Alert& firing);
  /// Tells receivers that keep alerts open that this one is over, in case they know of it and we do not.
  void reconcile(const Alert& resolved);
  /// Somebody has taken on the alert with this fingerprint.
  void acknowledge(const std::string& fingerprint, const std::string& by);
  /// Lets the stand-in of a receiver know what that could not be told. To be called about once a second.
  void tick();
  /// Tries whatever is unsent at once, until all is accepted or the deadline comes. Returns what was left.
  asio::awaitable<std::size_t> drain(Deadline deadline);
  /// Begins nothing more, and waits for what is on its way, or the deadline: before another one takes over.
  asio::awaitable<void> halt(Deadline deadline);
  /// Goes on counting from where a dispatcher before this one stopped.
  void count_on(const std::vector<ReceiverView>& before);
  /// At least one receiver took its last message, or has had nothing to take; or there is none at all.
  bool healthy() const;

  std::vector<ReceiverView> views() const;

 private:
  struct Place;
  bool routed_to(const Alert& alert, const Place& place) const;
  void changed(Place& place);

  asio::any_io_executor executor_;
  std::vector<RouteConfig> routes_;
  Journal& journal_;
  std::vector<std::unique_ptr<Place>> places_;
};

}  // namespace healthd
