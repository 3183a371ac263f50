#include "probes/celery_canaries.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "probes/net/uuid.hpp"

namespace healthd {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto between_looks = 20ms;
constexpr std::size_t most_lost = 64;

std::string origin() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) return "healthd";
  return std::string{"healthd@"} + host.data();
}

}  // namespace

CeleryCanaries::CeleryCanaries(std::shared_ptr<Broker> broker, const CeleryOptions& options)
    : broker_{std::move(broker)}, options_{options} {
  for (const auto& name : options_.canary.queues) {
    const auto at = std::ranges::find(options_.queues, name);
    Canary canary;
    canary.queue = static_cast<std::size_t>(at - options_.queues.begin());
    canary.roundtrips = Histogram{duration_buckets()};
    canaries_.push_back(std::move(canary));
  }
}

/// One that was taken and never came back may still come.
void CeleryCanaries::end(Canary& canary, Failure verdict) {
  auto& id = canary.flight->task.id;
  const bool lost = verdict.reason == Reason::timeout && lost_.size() < most_lost;
  if (lost) {
    lost_.push_back(std::move(id));
  } else {
    broker_->subscription().news().forget_result(id);
  }
  canary.verdict = std::move(verdict);
  canary.ended_at = Clock::now();
  canary.flight.reset();
}

/// The result would stay for a day. false where there was none.
asio::awaitable<bool> CeleryCanaries::remove_result(const Turns::Turn& turn, std::string id) {
  const auto home = broker_->names().database;
  const auto there = options_.canary.result_database;
  std::vector<RedisCommand> commands;
  commands.push_back({"SELECT", std::to_string(there)});
  commands.push_back({"DEL", options_.listening.result_prefix + id});
  commands.push_back({"SELECT", std::to_string(home)});
  const auto said = co_await broker_->ask_more(turn, std::move(commands));
  co_return said && (*said)[1].integer == 1;
}

asio::awaitable<std::optional<BrokerNews::Result>> CeleryCanaries::stored_result(const Turns::Turn& turn,
                                                                                 std::string id) {
  std::vector<RedisCommand> commands;
  commands.push_back({"SELECT", std::to_string(options_.canary.result_database)});
  commands.push_back({"GET", options_.listening.result_prefix + id});
  commands.push_back({"SELECT", std::to_string(broker_->names().database)});
  const auto said = co_await broker_->ask_more(turn, std::move(commands));
  if (!said) co_return std::nullopt;
  auto outcome = decode_outcome((*said)[1].text);
  if (!outcome) co_return std::nullopt;
  co_return BrokerNews::Result{Clock::now(), std::move(*outcome)};
}

asio::awaitable<void> CeleryCanaries::remove_late_results(const Turns::Turn& turn) {
  auto& news = broker_->subscription().news();
  for (std::size_t at = 0; at < lost_.size();) {
    if (!news.result(lost_[at])) {
      ++at;
      continue;
    }
    const auto id = std::exchange(lost_[at], lost_.back());
    lost_.pop_back();
    news.forget_result(id);
    co_await remove_result(turn, id);
  }
}

/// false where somebody has taken it; nullopt where the broker does not say.
asio::awaitable<std::optional<bool>> CeleryCanaries::withdraw(const Turns::Turn& turn, const Flight& flight) {
  std::vector<RedisCommand> commands;
  commands.push_back({"LREM", broker_->names().queue(flight.task.queue, 0), "1", flight.message});
  const auto said = co_await broker_->ask_more(turn, std::move(commands));
  if (!said) co_return std::nullopt;
  co_return said->front().integer == 1;
}

/// true where a message was taken back out of the queue.
asio::awaitable<bool> CeleryCanaries::land(const Turns::Turn& turn, Canary& canary) {
  const auto& flight = *canary.flight;
  auto result = broker_->subscription().news().result(flight.task.id);
  const bool late = Clock::now() - flight.sent_at >= options_.canary.timeout;
  // What was not heard may have been stored nevertheless.
  if (!result && late) result = co_await stored_result(turn, flight.task.id);
  auto verdict = result ? judge_canary_task(flight.task, result->outcome) : Failure{Reason::no_reply};
  if (verdict.reason != Reason::no_reply) {
    if (!verdict) {
      canary.roundtrips.observe(std::chrono::duration<double>(result->at - flight.sent_at).count());
      canary.last_success = result->at;
    }
    const auto id = flight.task.id;
    end(canary, std::move(verdict));
    co_await remove_result(turn, id);
    co_return false;
  }
  if (!late) co_return false;
  const auto waited = co_await withdraw(turn, flight);
  if (!waited) co_return false;  // next time
  const auto after = format_duration(options_.canary.timeout);
  end(canary, *waited
                  ? Failure{Reason::no_reply, "no worker took the test task within " + after}
                  : Failure{Reason::timeout, "the test task was taken, but no result came within " + after});
  co_return *waited;
}

asio::awaitable<Failure> CeleryCanaries::send(const Turns::Turn& turn, Canary& canary) {
  Flight flight;
  flight.task.id = random_uuid();
  flight.task.nonce = random_uuid();
  flight.task.queue = options_.queues[canary.queue];
  flight.task.expires = std::chrono::system_clock::now() + options_.canary.timeout;
  flight.task.origin = origin();
  flight.message = encode_canary(flight.task);
  flight.sent_at = Clock::now();
  broker_->subscription().news().watch_result(flight.task.id);
  std::vector<RedisCommand> push;
  push.push_back({"LPUSH", broker_->names().queue(flight.task.queue, 0), flight.message});
  canary.due = flight.sent_at + options_.canary.interval;
  canary.flight = std::move(flight);
  const auto said = co_await broker_->ask_more(turn, std::move(push));
  auto failure = said ? Failure{} : said.error();
  if (said && said->front().is_error()) failure = redis_failure(said->front().text);
  // Where the answer got lost the task may be on its way: the next runs look for it.
  if (said && failure) end(canary, failure);
  co_return failure;
}

asio::awaitable<std::vector<std::pair<std::size_t, std::string>>> CeleryCanaries::step(
    const Turns::Turn& turn, Trace& trace) {
  std::vector<std::pair<std::size_t, std::string>> withdrawn;
  trace.enter(Phase::request);
  co_await remove_late_results(turn);
  for (auto& canary : canaries_) {
    if (canary.flight) {
      auto message = canary.flight->message;
      const bool taken_back = co_await land(turn, canary);
      if (taken_back) withdrawn.emplace_back(canary.queue, std::move(message));
    }
    // Without an ear a result would pass unheard; and nothing comes of it in a single run.
    const auto& ear = broker_->subscription();
    const bool hearing = ear.attended() && ear.hearing().results;
    const bool due = !canary.flight && hearing && (!canary.due || Clock::now() >= *canary.due);
    if (due) co_await send(turn, canary);
  }
  co_return withdrawn;
}

asio::awaitable<void> CeleryCanaries::abandon(const Turns::Turn& turn, Resolver& resolver, Trace& trace) {
  const bool none = lost_.empty() && std::ranges::none_of(canaries_, [](const Canary& each) {
                      return each.flight.has_value();
                    });
  if (none) co_return;
  std::vector<RedisCommand> hello;
  hello.push_back({"PING"});
  const auto there = co_await broker_->ask(turn, resolver, trace, std::move(hello));
  if (!there) co_return;
  // First what nobody has taken, then what comes back of the rest.
  std::vector<std::string> taken = std::exchange(lost_, {});
  for (auto& canary : canaries_) {
    if (!canary.flight) continue;
    const auto waited = co_await withdraw(turn, *canary.flight);
    if (!waited.value_or(false)) taken.push_back(canary.flight->task.id);
    canary.flight.reset();
  }
  asio::steady_timer pause{co_await asio::this_coro::executor};
  while (!taken.empty()) {
    std::vector<std::string> missing;
    for (const auto& id : taken) {
      const bool removed = co_await remove_result(turn, id);
      if (!removed) missing.push_back(id);
    }
    taken = std::move(missing);
    pause.expires_after(between_looks);
    co_await pause.async_wait(asio::use_awaitable);
  }
}

void CeleryCanaries::report(ProbeResult& result, const Moment& now) const {
  std::optional<CheckResult> check;
  if (const auto deaf = broker_->subscription().no_results())
    check = CheckResult{"canary", Status::unknown, deaf.reason, "no test task is sent: " + deaf.detail};
  for (const auto& canary : canaries_) {
    const Labels queue{{"queue", options_.queues[canary.queue]}};
    result.histograms.push_back({"healthd_celery_canary_roundtrip_seconds", canary.roundtrips, queue});
    if (canary.last_success)
      result.samples.push_back({"healthd_celery_canary_last_success_timestamp_seconds",
                                now.unix_seconds(*canary.last_success), queue});
    // Where none has been sent for long, nothing is known.
    const bool old = now.steady - canary.ended_at > options_.canary.interval + options_.canary.timeout + 1min;
    if (!canary.verdict || old) continue;
    auto one = judge("canary", *canary.verdict);
    if (one.status != Status::unknown)
      result.samples.push_back({"healthd_celery_canary_success", *canary.verdict ? 0.0 : 1.0, queue});
    if (one.status != Status::up) one.detail = "queue " + queue.front().second + ": " + one.detail;
    if (!check || check->status == Status::up) check = std::move(one);
  }
  if (check) result.checks.push_back(std::move(*check));
}

}  // namespace healthd
