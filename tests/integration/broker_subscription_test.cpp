#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch_test_macros.hpp>
#include <functional>

#include "probes/beside.hpp"
#include "probes/net/base64.hpp"
#include "probes/net/broker_subscription.hpp"
#include "probes/net/resolve.hpp"
#include "probes/with_deadline.hpp"
#include "tests/support/celery_stack.hpp"
#include "tests/support/run.hpp"

using namespace healthd;
using namespace healthd::test;
using namespace std::chrono_literals;

namespace {

/// A subscription that listens for as long as a test's steps take.
class Ear {
 public:
  explicit Ear(const RedisServer& redis) {
    target_.endpoint.host = "127.0.0.1";
    target_.endpoint.port = redis.port();
  }

  BrokerSubscription& subscription() { return subscription_; }
  BrokerNews& news() { return subscription_.news(); }

  /// No failure once we have caught up and the condition is true; else why not.
  Failure hear(std::function<bool()> condition = [] { return true; }, std::chrono::seconds patience = 10s) {
    auto listening = subscription_.listen(resolver_);
    auto both = beside(std::move(listening), steps(std::move(condition), Deadline::in(patience)));
    return run(loop_, std::move(both));
  }
  /// Why nothing is heard, where that is what the test expects.
  Failure deaf() {
    return hear([] { return true; }, 1s);
  }

 private:
  asio::awaitable<Failure> steps(std::function<bool()> condition, Deadline end) {
    Failure failure;
    while (!end.passed()) {
      failure = co_await subscription_.catch_up(Deadline::in(1s));
      if (!failure && condition()) co_return Failure{};
      asio::steady_timer pause{loop_, 50ms};
      co_await pause.async_wait(asio::use_awaitable);
    }
    co_return failure ? failure : Failure{Reason::timeout, "the condition never came true"};
  }

  asio::io_context loop_{1};
  Resolver resolver_{loop_.get_executor()};
  RedisTarget target_;
  CeleryNames names_;
  BrokerSubscription subscription_{target_, names_};
};

std::string heartbeat_of(const std::string& node) {
  const auto body =
      R"({"hostname":")" + node + R"(","pid":1,"freq":2.0,"active":0,"type":"worker-heartbeat"})";
  return R"({"body":")" + base64_encode(body) +
         R"(","content-type":"application/json","properties":{"body_encoding":"base64"},"headers":{}})";
}

void beat(const RedisServer& redis, const std::string& node) {
  redis.say({"PUBLISH", "/0.celeryev/worker.heartbeat", heartbeat_of(node)});
}

}  // namespace

TEST_CASE("what workers publish is heard, and all of it is heard once we have caught up") {
  RedisServer redis;
  Ear ear{redis};
  bool sent = false;
  const auto failure = ear.hear([&] {
    if (!std::exchange(sent, true)) {
      beat(redis, "first@test");
      beat(redis, "second@test");
      return false;
    }
    return true;
  });
  CHECK_FALSE(failure);
  CHECK(ear.news().workers().contains("first@test"));
  CHECK(ear.news().workers().contains("second@test"));
}

TEST_CASE(
    "a subscription that the server closed comes back by itself, and since when it listens is told anew") {
  RedisServer redis;
  Ear ear{redis};
  std::optional<BrokerSubscription::Time> before;
  const auto failure = ear.hear([&] {
    if (!before) {
      before = ear.subscription().hearing().since;
      redis.say({"CLIENT", "KILL", "TYPE", "pubsub"});
      return false;
    }
    return ear.subscription().hearing().since && ear.subscription().hearing().since != before;
  });
  CHECK_FALSE(failure);
  CHECK_FALSE(ear.subscription().hearing().since);  // nobody listens any more
}

TEST_CASE("a server that freezes is told from one that has nothing to say") {
  RedisServer redis;
  Ear ear{redis};
  REQUIRE_FALSE(ear.hear());
  redis.process().signal(SIGSTOP);
  CHECK(ear.deaf().reason == Reason::timeout);
  redis.process().signal(SIGCONT);
  CHECK_FALSE(ear.hear());
}

TEST_CASE("results are counted by their status, and one that is too large only ends the counting") {
  RedisServer redis;
  Ear ear{redis};
  int step = 0;
  CHECK_FALSE(ear.hear([&] {
    if (step++ > 0) return true;
    redis.say({"PUBLISH", "celery-task-meta-1", R"({"status": "SUCCESS", "result": null})"});
    redis.say({"PUBLISH", "celery-task-meta-2", R"({"status": "FAILURE", "result": {"exc_type": "X"}})"});
    return false;
  }));
  CHECK(ear.news().results()[0] == 1);
  CHECK(ear.news().results()[1] == 1);

  step = 0;
  Hearing heard;
  CHECK_FALSE(ear.hear([&] {
    if (step++ == 0) redis.say({"PUBLISH", "celery-task-meta-3", std::string(2'000'000, 'x')});
    if (step == 2) beat(redis, "still@test");
    heard = ear.subscription().hearing();
    return ear.news().workers().contains("still@test");
  }));
  CHECK_FALSE(heard.results);
  CHECK(heard.unheard.find("too large") != std::string::npos);
}

TEST_CASE("what we may not listen to is named, and the rest is heard") {
  RedisServer redis;
  redis.say({"ACL", "SETUSER", "default", "resetchannels", "&/0.celeryev/*"});
  Ear ear{redis};
  CHECK_FALSE(ear.hear());
  CHECK(ear.subscription().hearing().unheard == "celery-task-meta-*");
  redis.say({"ACL", "SETUSER", "default", "resetchannels"});
  redis.say({"CLIENT", "KILL", "TYPE", "pubsub"});
  CHECK(ear.deaf().reason == Reason::permission);
}

TEST_CASE("a server that is not there costs a run no more than its patience") {
  RedisServer redis;
  Ear ear{redis};
  redis.stop();
  CHECK(ear.deaf().reason == Reason::connect_refused);
}
