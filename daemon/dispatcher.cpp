#include "daemon/dispatcher.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <random>

#include "daemon/delivery.hpp"
#include "daemon/log.hpp"
#include "probes/with_deadline.hpp"

namespace healthd {
namespace {

constexpr std::chrono::seconds request_timeout{10};
constexpr std::size_t alerts_per_message = 64;

double random_share() {
  static thread_local std::minstd_rand source{std::random_device{}()};
  return std::uniform_real_distribution<double>{0, 1}(source);
}

}  // namespace

/// One place that alerts go to: its rows, its loop, its figures.
struct Dispatcher::Place {
  Place(const asio::any_io_executor& executor, std::string receiver_name, std::unique_ptr<Notifier> to)
      : receiver{std::move(receiver_name)},
        notifier{std::move(to)},
        rows{notifier->manners().resend},
        woken{executor} {
    view.name = notifier->name();
  }

  asio::awaitable<void> deliver_forever() {
    for (;;) {
      co_await deliver_due();
      const auto next = rows.next_due();
      woken.expires_at(next.value_or(asio::steady_timer::time_point::max()));
      co_await woken.async_wait(asio::as_tuple(asio::use_awaitable));  // cancelled when something changes
      if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
        co_return;
    }
  }

  asio::awaitable<void> deliver_due() {
    for (;;) {
      const auto alerts = rows.due(Deadline::Clock::now(), alerts_per_message);
      if (alerts.empty()) co_return;
      co_await deliver(alerts);
    }
  }

  asio::awaitable<void> deliver(std::vector<Alert> alerts) {
    ++view.attempts;
    const auto deadline = Deadline::in(request_timeout);
    std::vector<Message> messages;
    for (const auto& alert : alerts) messages.push_back({.alert = alert});
    std::vector<Delivery> answers;
    Delivery failure{Delivery::Kind::retry, "timeout", "no answer in time", std::nullopt, true};
    try {
      auto sending = notifier->send(std::move(messages), deadline);
      auto sent = co_await with_deadline(std::move(sending), deadline);
      if (sent) answers = std::move(*sent);
    } catch (const std::exception& error) {
      failure = {Delivery::Kind::retry, "rejected", std::string{"bug in the notifier: "} + error.what(),
                 std::nullopt, true};
    }
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
      co_return;
    answers.resize(alerts.size(), failure);
    for (std::size_t i = 0; i < alerts.size(); ++i)
      rows.answered({alerts[i]}, answers[i], Deadline::Clock::now(), random_share());
    const auto failed = [](const Delivery& answer) { return answer.kind != Delivery::Kind::sent; };
    const auto worst = std::ranges::find_if(answers, failed);
    record(worst == answers.end() ? answers.front() : *worst, alerts.size());
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
    ++view.failures[delivery.reason];
    const auto level =
        failing ? LogLevel::debug : LogLevel::warning;  // once per outage, not once per attempt
    failing = true;
    log_event(level, "notification_failed",
              {{"receiver", view.name}, {"reason", delivery.reason}, {"detail", delivery.detail}});
  }

  std::string receiver;
  std::unique_ptr<Notifier> notifier;
  DeliveryRows rows;
  asio::steady_timer woken;
  ReceiverView view;
  bool failing = false;
};

Dispatcher::Dispatcher(asio::any_io_executor executor, std::vector<Receiver> receivers,
                       std::vector<RouteConfig> routes)
    : executor_{std::move(executor)}, routes_{std::move(routes)} {
  for (auto& receiver : receivers)
    for (auto& notifier : receiver.notifiers)
      places_.push_back(std::make_unique<Place>(executor_, receiver.name, std::move(notifier)));
}

Dispatcher::~Dispatcher() = default;

void Dispatcher::start(TaskScope& scope) {
  for (auto& place : places_) scope.spawn("deliver to " + place->view.name, place->deliver_forever());
}

bool Dispatcher::routed_to(const Alert& alert, const std::string& receiver) const {
  if (routes_.empty()) return true;
  const auto label = [&alert](const char* name) { return alert.labels.at(name); };
  for (const auto& route : routes_) {
    if (!route.severity.empty() && route.severity != label("severity")) continue;
    if (!route.components.empty() &&
        std::ranges::find(route.components, label("component")) == route.components.end())
      continue;
    return std::ranges::find(route.receivers, receiver) != route.receivers.end();
  }
  return false;
}

void Dispatcher::dispatch(const Alert& alert) {
  for (auto& place : places_) {
    if (!routed_to(alert, place->receiver)) continue;
    place->rows.desire(alert, Deadline::Clock::now());
    place->woken.cancel();
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
    place->rows.hurry(Deadline::Clock::now());
    place->woken.cancel();
  }
  while (waiting() > 0 && !deadline.passed()) {
    pause.expires_after(std::chrono::milliseconds{50});
    co_await pause.async_wait(asio::use_awaitable);
  }
  co_return waiting();
}

std::vector<ReceiverView> Dispatcher::views() const {
  std::vector<ReceiverView> all;
  for (const auto& place : places_) {
    all.push_back(place->view);
    all.back().queue_length = place->rows.unsent();
  }
  return all;
}

}  // namespace healthd
