#include "daemon/dispatcher.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <random>

#include "daemon/failpoint.hpp"
#include "daemon/log.hpp"
#include "probes/with_deadline.hpp"

namespace healthd {
namespace {

double random_share() {
  static thread_local std::minstd_rand source{std::random_device{}()};
  return std::uniform_real_distribution<double>{0, 1}(source);
}

/// Of a receiver's type, where the site says nothing: people who read need to be reminded; machines that keep
/// an alert open do not.
std::optional<std::chrono::milliseconds> reminder_of(const Receiver& receiver, const Manners& manners) {
  if (receiver.reminder) return receiver.reminder;
  return manners.reminder;
}

}  // namespace

/// One place that alerts go to: its rows, its loop, its figures.
struct Dispatcher::Place {
  Place(const asio::any_io_executor& executor, const Receiver& of, std::unique_ptr<Notifier> to,
        std::function<void(Place&)> when_changed)
      : receiver{of.name},
        fallback{of.fallback},
        fallback_after{of.fallback_after},
        notifier{std::move(to)},
        manners{notifier->manners()},
        rows{manners, reminder_of(of, manners)},
        changed{std::move(when_changed)},
        woken{executor} {
    view.name = notifier->name();
  }

  asio::awaitable<void> deliver_forever() {
    for (;;) {
      co_await deliver_due();
      const auto next = rows.next_due();
      woken.expires_at(next ? std::max(*next, free_at) : asio::steady_timer::time_point::max());
      co_await woken.async_wait(asio::as_tuple(asio::use_awaitable));  // cancelled when something changes
      if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
        co_return;
    }
  }

  asio::awaitable<void> deliver_due() {
    while (!halted && Deadline::Clock::now() >= free_at) {
      auto messages = rows.due(Moment::now());
      if (messages.empty()) co_return;
      free_at = Deadline::Clock::now() + manners.pause;
      busy = true;
      co_await deliver(std::move(messages));
      busy = false;
    }
  }

  asio::awaitable<void> deliver(std::vector<Message> messages) {
    ++view.attempts;
    const auto deadline = Deadline::in(manners.timeout);
    std::vector<Delivery> answers;
    Delivery failure{Delivery::Kind::retry, "timeout", "no answer in time", std::nullopt, true, ""};
    failpoint("before_send");
    try {
      auto sending = notifier->send(messages, deadline);
      auto sent = co_await with_deadline(std::move(sending), deadline);
      if (sent) answers = std::move(*sent);
    } catch (const std::exception& error) {
      failure.reason = "rejected";
      failure.detail = std::string{"bug in the notifier: "} + error.what();
    }
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
      co_return;
    failpoint("after_send");
    answers.resize(messages.size(), failure);
    rows.answered(messages, answers, Moment::now(), random_share());
    changed(*this);
    const auto failed = [](const Delivery& answer) { return answer.kind != Delivery::Kind::sent; };
    const auto worst = std::ranges::find_if(answers, failed);
    record(worst == answers.end() ? answers.front() : *worst, messages.size());
  }

  void record(const Delivery& delivery, std::size_t count) {
    if (delivery.kind == Delivery::Kind::sent) {
      if (failing) log_event(LogLevel::info, "receiver_recovered", {{"receiver", view.name}});
      failing = false;
      ++view.sent;
      view.last_success_at = std::chrono::system_clock::now();
      log_event(LogLevel::debug, "notified", {{"receiver", view.name}, {"alerts", std::to_string(count)}});
      return;
    }
    if (delivery.reason.empty()) return;  // it only asks for patience
    ++view.failures[delivery.reason];
    const auto level =
        failing ? LogLevel::debug : LogLevel::warning;  // once per outage, not once per attempt
    failing = true;
    log_event(level, "notification_failed",
              {{"receiver", view.name}, {"reason", delivery.reason}, {"detail", delivery.detail}});
  }

  std::string receiver, fallback;
  Duration fallback_after;
  std::unique_ptr<Notifier> notifier;
  Manners manners;
  DeliveryRows rows;
  std::function<void(Place&)> changed;
  asio::steady_timer woken;
  Deadline::Clock::time_point free_at{};  ///< when the next message may begin
  ReceiverView view;
  bool failing = false;
  bool busy = false, halted = false;
};

Dispatcher::Dispatcher(asio::any_io_executor executor, std::vector<Receiver> receivers,
                       std::vector<RouteConfig> routes, Journal& journal)
    : executor_{std::move(executor)}, routes_{std::move(routes)}, journal_{journal} {
  for (auto& receiver : receivers)
    for (auto& notifier : receiver.notifiers)
      places_.push_back(std::make_unique<Place>(executor_, receiver, std::move(notifier),
                                                [this](Place& place) { changed(place); }));
}

Dispatcher::~Dispatcher() = default;

void Dispatcher::restore(const std::string& key, const std::string& body) {
  const auto slash = std::min(key.rfind('/'), key.size());
  const auto name = key.substr(0, slash);
  const auto place = std::ranges::find(places_, name, [](const auto& each) { return each->view.name; });
  const bool ours = place != places_.end() && slash < key.size() &&
                    (*place)->rows.restore(key.substr(slash + 1), body, Moment::now());
  if (!ours) journal_.put({Table::delivery, key, std::nullopt});
}

std::vector<Alert> Dispatcher::told_firing() const {
  std::map<std::string, Alert> known;
  for (const auto& place : places_)
    for (auto& alert : place->rows.firing()) known.emplace(fingerprint(alert.labels), alert);
  std::vector<Alert> alerts;
  for (auto& [key, alert] : known) alerts.push_back(std::move(alert));
  return alerts;
}

void Dispatcher::start(TaskScope& scope) {
  for (auto& place : places_) scope.spawn("deliver to " + place->view.name, place->deliver_forever());
}

/// What changed goes to the journal first; the loop of the place wakes once it is there.
void Dispatcher::changed(Place& place) {
  for (auto& [key, body, version] : place.rows.take_changed()) {
    auto then = [&place, key, version] {
      place.rows.committed(key, version);
      place.woken.cancel();
      failpoint("after_ack");
    };
    journal_.put({Table::delivery, place.view.name + "/" + key, std::move(body)}, std::move(then));
  }
}

bool Dispatcher::routed_to(const Alert& alert, const Place& place) const {
  const auto label = [&alert](const char* name) { return alert.labels.at(name); };
  if (label("severity") == "none") return place.manners.takes_watchdog;
  if (routes_.empty()) return true;
  for (const auto& route : routes_) {
    if (!route.severity.empty() && route.severity != label("severity")) continue;
    if (!route.components.empty() &&
        std::ranges::find(route.components, label("component")) == route.components.end())
      continue;
    return std::ranges::find(route.receivers, place.receiver) != route.receivers.end();
  }
  return false;
}

void Dispatcher::dispatch(const Alert& alert) {
  const auto note = alert.annotations.find("note");
  const bool over = alert.state == AlertState::resolved;
  for (auto& place : places_) {
    // Whoever was told that it began is told that it is over, whatever the routes say by now.
    const bool concerned = over ? place->rows.knows(fingerprint(alert.labels)) : routed_to(alert, *place);
    if (!concerned) continue;
    place->rows.desire(alert, Moment::now(), note == alert.annotations.end() ? "" : note->second);
    changed(*place);
  }
}

void Dispatcher::tell_newcomers(const Alert& firing) {
  for (auto& place : places_) {
    if (!routed_to(firing, *place) || place->rows.knows(fingerprint(firing.labels))) continue;
    place->rows.desire(firing, Moment::now());
    changed(*place);
  }
}

void Dispatcher::reconcile(const Alert& resolved) {
  for (auto& place : places_) {
    // What is told again anyway is forgotten by itself over there.
    if (!place->manners.keeps_open || place->manners.resend || !routed_to(resolved, *place)) continue;
    if (place->rows.knows(fingerprint(resolved.labels))) continue;
    place->rows.desire(resolved, Moment::now(), "Sent because the memory of what was told has been lost.");
    changed(*place);
  }
}

void Dispatcher::acknowledge(const std::string& fingerprint, const std::string& by) {
  for (auto& place : places_) {
    place->rows.acknowledge(fingerprint, by, Moment::now());
    changed(*place);
  }
}

void Dispatcher::tick() {
  const auto now = Moment::now();
  const auto is_stuck = [now](const Place& place) {
    const auto oldest = place.rows.oldest_unsent();
    return oldest && now.steady - *oldest > place.fallback_after;
  };
  for (const auto& place : places_) {
    if (place->fallback.empty() || !is_stuck(*place)) continue;
    // Of several instances of one receiver, one that answers is enough.
    const auto reached = [&](const auto& other) {
      return other->receiver == place->receiver && !is_stuck(*other);
    };
    if (std::ranges::any_of(places_, reached)) continue;
    for (const auto& alert : place->rows.unsent_since(now.steady - place->fallback_after)) {
      for (auto& other : places_) {
        if (other->receiver != place->fallback || other->rows.knows(fingerprint(alert.labels))) continue;
        log_event(LogLevel::warning, "fallback_told",
                  {{"receiver", other->view.name},
                   {"instead_of", place->view.name},
                   {"alertname", alert.labels.at("alertname")}});
        other->rows.desire(alert, now, "Sent here because " + place->receiver + " cannot be reached.");
        changed(*other);
      }
    }
  }
}

asio::awaitable<std::size_t> Dispatcher::drain(Deadline deadline) {
  asio::steady_timer pause{executor_};
  const auto waiting = [this] {
    std::size_t count = 0;
    for (const auto& place : places_) count += place->rows.worth_waiting_for();
    return count;
  };
  for (auto& place : places_) {
    place->free_at = {};
    place->rows.say_farewell(Deadline::Clock::now());
    place->woken.cancel();
  }
  while (waiting() > 0 && !deadline.passed()) {
    pause.expires_after(std::chrono::milliseconds{50});
    co_await pause.async_wait(asio::use_awaitable);
  }
  co_return waiting();
}

asio::awaitable<void> Dispatcher::halt(Deadline deadline) {
  asio::steady_timer pause{executor_};
  for (auto& place : places_) place->halted = true;
  while (std::ranges::any_of(places_, [](const auto& place) { return place->busy; }) && !deadline.passed()) {
    pause.expires_after(std::chrono::milliseconds{5});
    co_await pause.async_wait(asio::use_awaitable);
  }
}

void Dispatcher::count_on(const std::vector<ReceiverView>& before) {
  for (auto& place : places_) {
    const auto same = std::ranges::find(before, place->view.name, &ReceiverView::name);
    if (same == before.end()) continue;
    place->view.attempts = same->attempts;
    place->view.sent = same->sent;
    place->view.failures = same->failures;
    place->view.last_success_at = same->last_success_at;
  }
}

bool Dispatcher::healthy() const {
  return places_.empty() || std::ranges::any_of(places_, [](const auto& place) { return !place->failing; });
}

std::vector<ReceiverView> Dispatcher::views() const {
  std::vector<ReceiverView> all;
  const auto now = Deadline::Clock::now();
  for (const auto& place : places_) {
    all.push_back(place->view);
    auto& view = all.back();
    view.queue_length = place->rows.unsent();
    view.collapsed = place->rows.collapsed();
    const auto oldest = place->rows.oldest_unsent();
    view.oldest_unsent_seconds = oldest ? std::chrono::duration<double>(now - *oldest).count() : 0;
  }
  return all;
}

}  // namespace healthd
