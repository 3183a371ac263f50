#include "probes/net/resolve.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <future>
#include <map>
#include <mutex>
#include <utility>

#include "probes/with_deadline.hpp"
#include "tests/support/run.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;
using Addresses = Resolver::Addresses;

/// A name server that knows, knows another address, knows that there is none, cannot tell, or hangs.
class NameServer {
 public:
  enum class Mood { good, moved, missing, mute, silent };

  /// Hanging look-ups end.
  void release() {
    if (!std::exchange(released_already_, true)) release_.set_value();
  }
  void set(Mood mood, const std::string& host = "") {
    const std::lock_guard lock{mutex_};
    moods_[host] = mood;
  }

  Resolver::LookUp function() {
    return [this](const std::string& host) {
      const auto mood = mood_of(host);
      if (mood == Mood::silent) released_.wait();
      Resolver::Answer answer;
      if (mood == Mood::good) answer.addresses = {asio::ip::make_address("127.0.0.7")};
      if (mood == Mood::moved) answer.addresses = {asio::ip::make_address("127.0.0.8")};
      if (answer.addresses.empty()) answer.failure = {Reason::resolve, "no such name"};
      answer.certain = mood == Mood::missing;
      return answer;
    };
  }

 private:
  Mood mood_of(const std::string& host) {
    const std::lock_guard lock{mutex_};
    const auto found = moods_.find(host);
    return found == moods_.end() ? moods_[""] : found->second;
  }

  std::mutex mutex_;
  std::map<std::string, Mood> moods_{{"", Mood::good}};
  std::promise<void> release_;
  bool released_already_ = false;
  std::shared_future<void> released_ = release_.get_future().share();
};

using Mood = NameServer::Mood;

struct Setup {
  Setup() = default;
  ~Setup() { names.release(); }
  Setup(const Setup&) = delete;
  Setup& operator=(const Setup&) = delete;

  asio::io_context loop{1};
  NameServer names;
  Resolver resolver{loop.get_executor(), names.function()};

  Result<Addresses> resolve(const std::string& host) {
    auto work = resolver.resolve(host);
    return test::run(loop, std::move(work));
  }
};

}  // namespace

TEST_CASE("a name server that cannot tell leaves the last good answer in force") {
  Setup setup;
  REQUIRE(setup.resolve("db.example").has_value());
  setup.names.set(Mood::mute);

  const auto known = setup.resolve("db.example");
  REQUIRE(known.has_value());
  CHECK(known->front().to_string() == "127.0.0.7");
  const auto unknown = setup.resolve("never.example");
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().reason == Reason::resolve);
}

TEST_CASE("a name that is gone is gone, also for who knew it, and does not come back by itself") {
  Setup setup;
  REQUIRE(setup.resolve("db.example").has_value());
  setup.names.set(Mood::missing);
  CHECK_FALSE(setup.resolve("db.example").has_value());
  setup.names.set(Mood::mute);
  CHECK_FALSE(setup.resolve("db.example").has_value());
}

TEST_CASE("an answer that changes is used at the next look-up") {
  Setup setup;
  REQUIRE(setup.resolve("db.example").has_value());
  setup.names.set(Mood::moved);
  const auto moved = setup.resolve("db.example");
  REQUIRE(moved.has_value());
  CHECK(moved->front().to_string() == "127.0.0.8");
}

TEST_CASE("a look-up that hangs costs a known name a moment once, then nothing") {
  Setup setup;
  REQUIRE(setup.resolve("db.example").has_value());
  setup.names.set(Mood::silent);

  const auto begin = Deadline::Clock::now();
  CHECK(setup.resolve("db.example").has_value());
  const auto middle = Deadline::Clock::now();
  CHECK(setup.resolve("db.example").has_value());
  const auto end = Deadline::Clock::now();

  CHECK(middle - begin < 1s);
  CHECK(end - middle < 200ms);
  CHECK(setup.resolver.busy());
}

TEST_CASE("names that hang, however many, do not delay another") {
  Setup setup;
  for (int i = 0; i < 40; ++i) {
    const auto name = "slow" + std::to_string(i) + ".example";
    setup.names.set(Mood::silent, name);
    auto slow = setup.resolver.resolve(name);
    auto bounded = with_deadline(std::move(slow), Deadline::in(1ms));
    CHECK_FALSE(test::run(setup.loop, std::move(bounded)).has_value());
  }
  REQUIRE(setup.resolver.busy());

  const auto begin = Deadline::Clock::now();
  CHECK(setup.resolve("fast.example").has_value());
  CHECK(Deadline::Clock::now() - begin < 300ms);
}

TEST_CASE("look-ups without end are refused as a shortage of ours, while literals and known names go on") {
  Setup setup;
  REQUIRE(setup.resolve("db.example").has_value());
  setup.names.set(Mood::silent);
  for (int i = 0; i < 64; ++i) {
    auto slow = setup.resolver.resolve("slow" + std::to_string(i) + ".example");
    auto bounded = with_deadline(std::move(slow), Deadline::in(0ms));
    CHECK_FALSE(test::run(setup.loop, std::move(bounded)).has_value());
  }
  const auto begin = Deadline::Clock::now();
  const auto refused = setup.resolve("one-more.example");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().reason == Reason::internal);
  CHECK(setup.resolve("db.example").has_value());
  CHECK(setup.resolve("127.0.0.1").has_value());
  CHECK(Deadline::Clock::now() - begin < 300ms);
}

TEST_CASE("after many look-ups at once few threads are left") {
  const auto threads = [] {
    return std::distance(std::filesystem::directory_iterator{"/proc/self/task"},
                         std::filesystem::directory_iterator{});
  };
  Setup setup;
  const auto before = threads();
  setup.names.set(Mood::silent);
  for (int i = 0; i < 40; ++i) {
    auto slow = setup.resolver.resolve("slow" + std::to_string(i) + ".example");
    auto bounded = with_deadline(std::move(slow), Deadline::in(0ms));
    CHECK_FALSE(test::run(setup.loop, std::move(bounded)).has_value());
  }
  CHECK(threads() > 40);
  setup.names.release();
  // A thread that has been joined is listed for a moment yet.
  const auto enough = Deadline::in(10s);
  while ((setup.resolver.busy() || threads() > before + 2) && !enough.passed()) {
    setup.loop.restart();
    setup.loop.run_for(10ms);
  }
  CHECK_FALSE(setup.resolver.busy());
  CHECK(threads() <= before + 2);
}

TEST_CASE("the memory for names is bounded: the oldest is forgotten first") {
  Setup setup;
  for (int i = 0; i < 300; ++i) REQUIRE(setup.resolve(std::to_string(i) + ".example").has_value());
  setup.names.set(Mood::mute);

  CHECK_FALSE(setup.resolve("0.example").has_value());
  CHECK(setup.resolve("299.example").has_value());
}

TEST_CASE("the system's own names and literals resolve") {
  asio::io_context loop{1};
  Resolver resolver{loop.get_executor()};
  const auto local = test::run(loop, resolver.resolve("localhost"));
  REQUIRE(local.has_value());
  CHECK(local->front().is_loopback());
  CHECK(test::run(loop, resolver.resolve("::1"))->front().to_string() == "::1");
  CHECK_FALSE(resolver.busy());
}

}  // namespace healthd
