#include "probes/celery_age.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

using namespace healthd;
using namespace std::chrono_literals;
using Catch::Matchers::WithinAbs;

namespace {

using Time = QueueAge::Time;
constexpr Time start{1000s};

double seconds(Time::duration span) { return std::chrono::duration<double>{span}.count(); }

/// A list on the broker, which knows what QueueAge does not: when each message came.
class Queue {
 public:
  explicit Queue(std::size_t bytes = 40) : bytes_{bytes} {}

  void push(Time now) { messages_.push_back({now, std::to_string(++pushed_) + std::string(bytes_, ' ')}); }
  void pop() {
    if (!messages_.empty()) messages_.pop_front();
  }
  std::string withdraw_newest() {
    const auto text = messages_.back().text;
    messages_.pop_back();
    return text;
  }
  bool empty() const { return messages_.empty(); }
  std::size_t size() const { return messages_.size(); }
  double age(Time now) const { return seconds(now - messages_.front().pushed); }

  /// Looks, and answers all that is asked. Returns how much was asked.
  int look(QueueAge& ages, Time now) const {
    if (messages_.empty()) {
      ages.empty(now);
      return 0;
    }
    ages.look(now, static_cast<long long>(size()), messages_.back().text, messages_.front().text);
    int asked = 0;
    for (auto next = ages.question(); next; next = ages.question(), ++asked)
      ages.answer(
          std::ranges::any_of(messages_, [&next](const auto& message) { return message.text == *next; }));
    return asked;
  }

 private:
  struct Message {
    Time pushed;
    std::string text;
  };
  std::size_t bytes_;
  int pushed_ = 0;
  std::deque<Message> messages_;
};

void check_true(const QueueAge& ages, const Queue& queue, Time now) {
  const auto bracket = ages.bracket();
  const auto age = queue.empty() ? 0.0 : queue.age(now);
  CHECK(bracket.lower <= age);
  if (bracket.upper) CHECK(*bracket.upper >= age);
}

/// Four come a second and 2.5 go, for `loaded`; then none come until all are gone. A look every 5 s.
template <class Check>
void work_through(Queue& queue, QueueAge& ages, Time::duration loaded, Check check) {
  auto now = start;
  queue.look(ages, now);
  do {
    now += 50ms;
    const auto since = now - start;
    if (since < loaded && since % 250ms == 0ms) queue.push(now);
    if (since % 400ms == 0ms) queue.pop();
    if (since % 5s != 0ms) continue;
    CHECK(queue.look(ages, now) <= 7);
    check_true(ages, queue, now);
    check(now);
  } while (!queue.empty() || now - start < loaded);
}

}  // namespace

TEST_CASE("under a backlog the true age lies between the bounds, which are one look apart") {
  Queue queue;
  QueueAge ages;
  std::size_t longest = 0;
  work_through(queue, ages, 5min, [&](Time) {
    longest = std::max(longest, queue.size());
    const auto bracket = ages.bracket();
    REQUIRE(bracket.upper);
    CHECK_THAT(*bracket.upper - bracket.lower, WithinAbs(queue.empty() ? 0 : 5, 0.001));
  });
  CHECK(longest > 400);
}

TEST_CASE("large messages leave fewer marks, and the bounds stay true") {
  Queue queue{30 * 1024};
  QueueAge ages;
  double most = 0;
  work_through(queue, ages, 4min, [&](Time) {
    REQUIRE(ages.bracket().upper);
    most = std::max(most, ages.bracket().lower);
  });
  CHECK(most > 60);
}

TEST_CASE("a long backlog uses up the marks, and the bounds stay true") {
  Queue queue;
  QueueAge ages;
  double widest = 0;
  work_through(queue, ages, 45min, [&](Time) {
    const auto bracket = ages.bracket();
    REQUIRE(bracket.upper);
    widest = std::max(widest, *bracket.upper - bracket.lower);
  });
  CHECK(widest < 100);
}

TEST_CASE("nothing bounds from above what was there before the first look") {
  Queue queue;
  QueueAge ages;
  CHECK(ages.bracket().lower == 0);
  CHECK_FALSE(ages.bracket().upper);
  queue.push(start - 1h);
  queue.push(start - 30min);
  queue.look(ages, start);
  queue.look(ages, start + 20s);
  CHECK(ages.bracket().lower == 20);
  CHECK_FALSE(ages.bracket().upper);
}

TEST_CASE("an empty queue has no age, and what comes after it is younger than that") {
  Queue queue;
  QueueAge ages;
  queue.look(ages, start);
  CHECK(ages.bracket().lower == 0);
  CHECK(ages.bracket().upper == 0);
  queue.push(start + 3s);
  queue.look(ages, start + 5s);
  queue.look(ages, start + 65s);
  CHECK(ages.bracket().lower == 60);
  CHECK(ages.bracket().upper == 65);
  queue.pop();
  queue.look(ages, start + 70s);
  CHECK(ages.bracket().upper == 0);
}

TEST_CASE("a queue that ran empty while it was looked at counts as empty") {
  QueueAge ages;
  ages.look(start, 3, "", "");
  CHECK(ages.bracket().upper == 0);
  ages.look(start + 10s, 0, "", "");
  CHECK(ages.bracket().upper == 0);
}

TEST_CASE("while nothing is taken nothing is asked") {
  Queue queue;
  QueueAge ages;
  queue.look(ages, start);
  int asked = 0;
  for (auto now = start + 5s; now < start + 30min; now += 5s) {
    queue.push(now - 1s);
    asked += queue.look(ages, now);
    check_true(ages, queue, now);
  }
  CHECK(asked == 0);
  CHECK(ages.bracket().lower > 1700);
}

TEST_CASE("a message that stays the newest one for long tells when the next one came") {
  Queue queue;
  QueueAge ages;
  queue.push(start);
  for (auto now = start; now <= start + 60s; now += 10s) queue.look(ages, now);
  queue.push(start + 62s);
  queue.pop();
  queue.look(ages, start + 70s);
  CHECK(ages.bracket().lower == 0);
  CHECK(ages.bracket().upper == 10);
}

TEST_CASE("a very long queue is not searched, and its unchanged oldest message bounds the age from below") {
  Queue queue;
  QueueAge ages;
  for (int i = 0; i < 50'100; ++i) queue.push(start - 1min + i * 1ms);
  for (auto now = start; now < start + 2min; now += 5s) {
    queue.push(now);
    if (now < start + 1min) queue.pop();
    CHECK(queue.look(ages, now) == 0);
    check_true(ages, queue, now);
  }
  CHECK(ages.bracket().lower >= 55);
  CHECK_FALSE(ages.bracket().upper);
}

TEST_CASE("messages that are too large to search for bound the age from below while the oldest one stays") {
  Queue queue{70'000};
  QueueAge ages;
  for (int i = 0; i < 10; ++i) queue.push(start);
  for (auto now = start; now < start + 1min; now += 5s) CHECK(queue.look(ages, now) == 0);
  CHECK(ages.bracket().lower == 55);
  queue.pop();
  queue.look(ages, start + 60s);
  CHECK(ages.bracket().lower == 0);
}

TEST_CASE("where nothing can be asked the bounds are coarser and true") {
  Queue queue;
  QueueAge ages;
  work_through(queue, ages, 1min, [](Time) {});
  const auto again = start + 1h;
  queue.push(again);
  queue.push(again);
  queue.look(ages, again);
  queue.pop();
  queue.push(again + 4s);
  ages.look(again + 5s, 2, "newest", "another");
  REQUIRE(ages.question());
  ages.give_up();
  CHECK_FALSE(ages.question());
  ages.answer(false);
  check_true(ages, queue, again + 5s);
  CHECK(ages.bracket().lower == 0);
}

TEST_CASE("a message that we withdraw ourselves is not taken for one that was consumed") {
  Queue queue;
  QueueAge ages;
  queue.look(ages, start);
  for (int i = 0; i < 3; ++i) queue.push(start + 1s);
  queue.look(ages, start + 5s);
  queue.push(start + 6s);
  queue.look(ages, start + 10s);
  ages.forget(queue.withdraw_newest());
  ages.forget("unknown");
  queue.push(start + 11s);
  queue.pop();
  queue.look(ages, start + 20s);
  check_true(ages, queue, start + 20s);
  CHECK(ages.bracket().lower == 15);
  CHECK(ages.bracket().upper == 20);
}

TEST_CASE("what a stranger withdraws while nothing else comes is not taken for consumed either") {
  Queue queue;
  QueueAge ages;
  queue.look(ages, start);
  for (int i = 0; i < 3; ++i) queue.push(start + 1s);
  queue.look(ages, start + 5s);
  queue.push(start + 6s);
  queue.look(ages, start + 10s);
  queue.withdraw_newest();
  queue.pop();
  queue.look(ages, start + 15s);
  queue.push(start + 16s);
  queue.look(ages, start + 20s);
  check_true(ages, queue, start + 20s);
  CHECK(ages.bracket().lower == 15);
}
