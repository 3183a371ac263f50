#include "daemon/dispatcher.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch_test_macros.hpp>

#include "tests/support/run.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

/// What a place was told, and how it behaves.
struct Log {
  std::vector<std::string> told;
  int failures_left = 0;
  bool silent = false;
};

class FakeNotifier final : public Notifier {
 public:
  FakeNotifier(std::string name, Log& log) : name_{std::move(name)}, log_{log} {}
  const std::string& name() const override { return name_; }
  Manners manners() const override { return {}; }

  asio::awaitable<std::vector<Delivery>> send(std::vector<Message> messages, Deadline) override {
    if (log_.silent) {
      asio::steady_timer never{co_await asio::this_coro::executor, asio::steady_timer::time_point::max()};
      co_await never.async_wait(asio::use_awaitable);
    }
    Delivery delivery;
    if (log_.failures_left-- > 0) {
      delivery.reason = "connect";
      co_return std::vector<Delivery>(messages.size(), delivery);
    }
    for (const auto& each : messages)
      log_.told.push_back(each.alert.labels.at("alertname") + " " + std::string{to_string(each.alert.state)});
    delivery.kind = Delivery::Kind::sent;
    co_return std::vector<Delivery>(messages.size(), delivery);
  }

 private:
  std::string name_;
  Log& log_;
};

Receiver receiver(const std::string& name, Log& log) {
  Receiver made;
  made.name = name;
  made.notifiers.push_back(std::make_unique<FakeNotifier>(name, log));
  return made;
}

std::vector<Receiver> receivers(Log& pager, Log& chat) {
  std::vector<Receiver> both;
  both.push_back(receiver("pager", pager));
  both.push_back(receiver("chat", chat));
  return both;
}

Alert alert(std::string name, std::string severity, AlertState state = AlertState::firing) {
  Alert made;
  made.labels = {{"alertname", std::move(name)}, {"severity", std::move(severity)}, {"component", "redis"}};
  made.state = state;
  made.sequence = 1;
  return made;
}

/// Runs the delivery loops until everything is told or `patience` is over; returns what was left.
std::size_t settle(asio::io_context& loop, Journal& journal, Dispatcher& dispatcher,
                   std::chrono::milliseconds patience) {
  TaskScope scope{loop.get_executor(), [](const auto&, const auto& error) { FAIL(error); }};
  scope.spawn("journal", journal.write_forever());
  dispatcher.start(scope);
  const auto left = test::run(loop, dispatcher.drain(Deadline::in(patience)));
  const auto stop = [](TaskScope& tasks) -> asio::awaitable<bool> {
    co_await tasks.stop();
    co_return true;
  };
  test::run(loop, stop(scope));
  return left;
}

}  // namespace

TEST_CASE("the first route that matches decides who is told") {
  asio::io_context loop{1};
  const auto store = Store::open("");
  Journal journal{loop.get_executor(), *store};
  Log pager, chat;
  const std::vector<RouteConfig> routes{{"critical", {}, {"pager", "chat"}}, {"", {}, {"chat"}}};
  Dispatcher dispatcher{loop.get_executor(), receivers(pager, chat), routes, journal};
  dispatcher.dispatch(alert("RedisDown", "critical"));
  dispatcher.dispatch(alert("RedisMemoryHigh", "warning"));
  CHECK(settle(loop, journal, dispatcher, 5s) == 0);
  CHECK(pager.told == std::vector<std::string>{"RedisDown firing"});
  CHECK(chat.told.size() == 2);
}

TEST_CASE("a place that never answers delays no other, and a stop does not wait for it for ever") {
  asio::io_context loop{1};
  const auto store = Store::open("");
  Journal journal{loop.get_executor(), *store};
  Log pager, chat;
  pager.silent = true;
  Dispatcher dispatcher{loop.get_executor(), receivers(pager, chat), {}, journal};
  dispatcher.dispatch(alert("RedisDown", "critical"));
  const auto started = Deadline::Clock::now();
  CHECK(settle(loop, journal, dispatcher, 300ms) == 1);
  CHECK(Deadline::Clock::now() - started < 5s);
  CHECK(chat.told.size() == 1);
}

TEST_CASE("what failed is tried again until it is told, and counted") {
  asio::io_context loop{1};
  const auto store = Store::open("");
  Journal journal{loop.get_executor(), *store};
  Log pager, chat;
  pager.failures_left = 1;
  Dispatcher dispatcher{loop.get_executor(), receivers(pager, chat), {}, journal};
  dispatcher.dispatch(alert("RedisDown", "critical"));
  CHECK(settle(loop, journal, dispatcher, 10s) == 0);
  CHECK(pager.told.size() == 1);
  const auto views = dispatcher.views();
  CHECK(views.front().attempts == 2);
  CHECK(views.front().failures.at("connect") == 1);
  CHECK(views.front().queue_length == 0);
}

TEST_CASE("what a receiver cannot be told for too long its stand-in is told, and also that it is over") {
  asio::io_context loop{1};
  const auto store = Store::open("");
  Journal journal{loop.get_executor(), *store};
  Log pager, chat;
  pager.failures_left = 1000;
  auto both = receivers(pager, chat);
  both[0].fallback = "chat";
  both[0].fallback_after = 100ms;
  const std::vector<RouteConfig> routes{{"", {}, {"pager"}}};
  Dispatcher dispatcher{loop.get_executor(), std::move(both), routes, journal};
  dispatcher.dispatch(alert("RedisDown", "critical"));
  dispatcher.tick();
  CHECK(settle(loop, journal, dispatcher, 300ms) == 1);
  CHECK(chat.told.empty());  // it was too early
  dispatcher.tick();
  settle(loop, journal, dispatcher, 300ms);
  CHECK(chat.told == std::vector<std::string>{"RedisDown firing"});
  CHECK_FALSE(dispatcher.views()[0].queue_length == 0);
  dispatcher.dispatch(alert("RedisDown", "critical", AlertState::resolved));
  settle(loop, journal, dispatcher, 300ms);
  CHECK(chat.told.back() == "RedisDown resolved");
}

}  // namespace healthd
