#include "probes/net/resolve.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <future>
#include <map>
#include <mutex>

#include "probes/with_deadline.hpp"
#include "tests/support/run.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;
using Addresses = Resolver::Addresses;

/// A name server that knows, does not know, or hangs.
class NameServer {
 public:
  enum class Mood { good, missing, silent };

  /// Hanging look-ups end.
  void release() { release_.set_value(); }
  void set(Mood mood, const std::string& host = "") {
    const std::lock_guard lock{mutex_};
    moods_[host] = mood;
  }

  Resolver::LookUp function() {
    return [this](const std::string& host) -> Result<Addresses> {
      const auto mood = mood_of(host);
      if (mood == Mood::silent) released_.wait();
      if (mood != Mood::good) return Failure{Reason::resolve, "no such name"};
      return Addresses{asio::ip::make_address("127.0.0.7")};
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

TEST_CASE("a look-up that fails leaves the last good answer in force") {
  Setup setup;
  setup.names.set(Mood::missing, "never.example");
  REQUIRE(setup.resolve("db.example").has_value());
  setup.names.set(Mood::missing);

  const auto known = setup.resolve("db.example");
  REQUIRE(known.has_value());
  CHECK(known->front().to_string() == "127.0.0.7");
  const auto unknown = setup.resolve("never.example");
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().reason == Reason::resolve);
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

TEST_CASE("one name that hangs does not delay another") {
  Setup setup;
  setup.names.set(Mood::silent, "slow.example");
  auto slow = setup.resolver.resolve("slow.example");
  auto bounded = with_deadline(std::move(slow), Deadline::in(100ms));
  CHECK_FALSE(test::run(setup.loop, std::move(bounded)).has_value());
  REQUIRE(setup.resolver.busy());

  const auto begin = Deadline::Clock::now();
  CHECK(setup.resolve("fast.example").has_value());
  CHECK(Deadline::Clock::now() - begin < 1s);
}

TEST_CASE("the memory for names is bounded: the oldest is forgotten first") {
  Setup setup;
  for (int i = 0; i < 300; ++i) REQUIRE(setup.resolve(std::to_string(i) + ".example").has_value());
  setup.names.set(Mood::missing);

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
