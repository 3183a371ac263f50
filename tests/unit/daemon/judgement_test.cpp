// From a result to a receiver and back from the disk: what a restart, a changed configuration and a lost
// state file do to what people were told.
#include "daemon/judgement.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>

#include "tests/support/run.hpp"
#include "tests/unit/daemon/engine_bench.hpp"

namespace healthd {

using namespace test;

namespace {

using Told = std::vector<std::string>;

class Recorder final : public Notifier {
 public:
  Recorder(Told& told, Manners manners) : told_{told}, manners_{manners} {}
  const std::string& name() const override { return name_; }
  Manners manners() const override { return manners_; }
  asio::awaitable<std::vector<Delivery>> send(std::vector<Message> messages, Deadline) override {
    for (const auto& each : messages) {
      auto text = each.alert.labels.at("alertname") + " " + std::string{to_string(each.alert.state)};
      if (!each.note.empty()) text += " (" + each.note + ")";
      told_.push_back(text);
    }
    co_return std::vector<Delivery>(messages.size(),
                                    Delivery{Delivery::Kind::sent, "", "", std::nullopt, true, ""});
  }

 private:
  std::string name_ = "pager";
  Told& told_;
  Manners manners_;
};

/// One life of the daemon on a folder that outlives it.
class Life {
 public:
  Life(const std::string& folder, Told& told, std::vector<AlertRule> rules = {down_rule()},
       Manners manners = {})
      : store_{Store::open(folder)},
        judgement_{loop_.get_executor(), parts(told, std::move(rules), manners), *store_} {
    judgement_.restore();
    judgement_.start(scope_);
    settle();
  }
  /// An orderly end, or one by SIGKILL: what was not written is lost.
  ~Life() {
    run(loop_, end());
    store_->close(5s);
  }

  void results(int count, Reason reason) {
    for (int i = 0; i < count; ++i) {
      auto made = outcome("cache", 0s, {judge("ping", {reason, "words"})});
      // Dampers count in steady time; this one's findings are a minute apart.
      now_ += 60s;
      made.steady_at = std::chrono::steady_clock::now() + now_;
      made.at = std::chrono::system_clock::now();
      judgement_.on(made);
    }
    settle();
  }
  Judgement& judgement() { return judgement_; }

 private:
  static JudgementParts parts(Told& told, std::vector<AlertRule> rules, Manners manners) {
    JudgementParts made;
    made.stack = "test";
    made.rules = std::move(rules);
    made.probes = {probe("cache", "redis")};
    made.links = {"http://here/runbooks", "", "http://here/"};
    Receiver receiver;
    receiver.name = "pager";
    receiver.notifiers.push_back(std::make_unique<Recorder>(told, manners));
    made.receivers.push_back(std::move(receiver));
    return made;
  }
  void settle() {
    const auto quiet = [this]() -> asio::awaitable<bool> {
      asio::steady_timer pause{loop_};
      const auto deadline = Deadline::in(5s);
      for (int calm = 0; calm < 3 && !deadline.passed();) {
        pause.expires_after(5ms);
        co_await pause.async_wait(asio::use_awaitable);
        calm = judgement_.dispatcher().views().front().queue_length == 0 ? calm + 1 : 0;
      }
      co_return true;
    };
    run(loop_, quiet());
  }
  asio::awaitable<bool> end() {
    co_await judgement_.finish(Deadline::in(1s));
    co_await scope_.stop();
    co_return true;
  }

  asio::io_context loop_{1};
  std::unique_ptr<Store> store_;
  Judgement judgement_;
  TaskScope scope_{loop_.get_executor(), [](const auto&, const auto& error) { FAIL(error); }};
  std::chrono::seconds now_{0};
};

class Folder {
 public:
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "healthd-judgement-XXXXXX";
    path = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path;
};

}  // namespace

TEST_CASE("a restart tells nobody again, and the end is told by whoever lives then") {
  const Folder folder;
  Told told;
  {
    Life first{folder.path, told};
    first.results(3, Reason::timeout);
    CHECK(told == Told{"RedisDown firing"});
  }
  {
    Life second{folder.path, told};
    second.results(3, Reason::timeout);
    CHECK(told.size() == 1);
    CHECK(second.judgement().incidents().open().size() == 1);
  }
  Life third{folder.path, told};
  third.results(6, Reason::none);
  CHECK(told == Told{"RedisDown firing", "RedisDown resolved"});
  CHECK(third.judgement().incidents().open().empty());
  CHECK(third.judgement().incidents().all().size() == 1);
}

TEST_CASE("an alert that the new configuration does not know is taken back, with the reason") {
  const Folder folder;
  Told told;
  {
    Life first{folder.path, told};
    first.results(3, Reason::timeout);
  }
  Life second{folder.path, told, {}};
  REQUIRE(told.size() == 2);
  CHECK(told.back() == "RedisDown resolved (Closed because the configuration watches it no more.)");
  CHECK(second.judgement().incidents().open().empty());
}

TEST_CASE("when the state was lost, receivers that keep alerts open hear once of what is well") {
  const Folder folder;
  Told told;
  const Manners pager{.keeps_open = true};
  {
    Life first{folder.path, told, {down_rule()}, pager};
    first.results(3, Reason::timeout);
  }
  {
    std::ofstream{folder.path + "/state.db", std::ios::trunc} << "spoilt, in whatever way a disk may do that";
  }
  std::filesystem::remove(folder.path + "/state.db-wal");
  Life second{folder.path, told, {down_rule()}, pager};
  second.results(2, Reason::none);
  REQUIRE(told.size() == 2);
  CHECK(told.back().starts_with("RedisDown resolved (Sent because the memory"));
}

TEST_CASE("a spoilt row of the engine is made good by what receivers were told") {
  const Folder folder;
  Told told;
  {
    Life first{folder.path, told};
    first.results(3, Reason::timeout);
  }
  {
    const auto store = Store::open(folder.path);
    asio::io_context loop{1};
    REQUIRE(run(loop, store->commit({{Table::alert, "RedisDown/cache/", std::nullopt}}, Deadline::in(5s))));
    REQUIRE(store->close(5s));
  }
  Life second{folder.path, told};
  CHECK(told.size() == 1);
  second.results(6, Reason::none);
  CHECK(told == Told{"RedisDown firing", "RedisDown resolved"});
}

TEST_CASE("a receiver that is new in the configuration hears of what fires already") {
  const Folder folder;
  Told told, newcomer;
  {
    Life first{folder.path, told};
    first.results(3, Reason::timeout);
  }
  {
    const auto store = Store::open(folder.path);
    const auto rows = store->take_rows();
    const auto delivery = std::ranges::find(rows, Table::delivery, &StoredRow::table);
    REQUIRE(delivery != rows.end());
    asio::io_context loop{1};
    // As if nobody had been configured before.
    REQUIRE(run(loop, store->commit({{Table::delivery, delivery->key, std::nullopt}}, Deadline::in(5s))));
    REQUIRE(store->close(5s));
  }
  const Life second{folder.path, newcomer};
  CHECK(newcomer == Told{"RedisDown firing"});
}

}  // namespace healthd
