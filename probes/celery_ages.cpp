#include "probes/celery_ages.hpp"

#include <algorithm>

#include "probes/net/inspect.hpp"

namespace healthd {
namespace {

using Clock = std::chrono::steady_clock;

/// Lists that are looked at in one go: each brings two messages.
constexpr std::size_t lists_at_once = 8;

}  // namespace

CeleryAges::CeleryAges(std::shared_ptr<Broker> broker, const CeleryOptions& options)
    : broker_{std::move(broker)}, options_{options} {
  lists_.resize(options_.queues.size() * options_.names.steps.size());
}

std::string CeleryAges::key(std::size_t list) const {
  const auto& steps = broker_->names().steps;
  return broker_->names().queue(options_.queues[list / steps.size()], steps[list % steps.size()]);
}

void CeleryAges::withdrawn(std::size_t queue, std::string_view message) {
  lists_[queue * options_.names.steps.size()].age.forget(message);
}

asio::awaitable<std::vector<std::optional<AgeBracket>>> CeleryAges::look(const Turns::Turn& turn,
                                                                         Tools& tools, Trace& trace,
                                                                         const QueueReport& report) {
  std::vector<std::optional<AgeBracket>> unknown(options_.queues.size());
  if (!question_.due(Clock::now())) co_return unknown;
  auto failure = co_await look_at_all(turn, tools, trace, report);
  if (!failure) failure = co_await search(turn, tools, trace);
  if (failure) {
    question_.failed(std::move(failure), Clock::now());
    co_return unknown;
  }
  question_.answered();
  co_return brackets();
}

asio::awaitable<Failure> CeleryAges::look_at_all(const Turns::Turn& turn, Tools& tools, Trace& trace,
                                                 const QueueReport& report) {
  std::vector<std::size_t> some;
  for (std::size_t list = 0; list < lists_.size() && list < report.lists.size(); ++list) {
    lists_[list].stamp.reset();
    lists_[list].redelivered = false;
    lists_[list].known = report.lists[list] == 0;
    if (lists_[list].known) {
      lists_[list].age.empty(Clock::now());
      continue;
    }
    some.push_back(list);
    if (some.size() < lists_at_once) continue;
    auto failure = co_await look_at(turn, tools, trace, some, report);
    if (failure) co_return failure;
    some.clear();
  }
  co_return co_await look_at(turn, tools, trace, some, report);
}

asio::awaitable<Failure> CeleryAges::look_at(const Turns::Turn& turn, Tools& tools, Trace& trace,
                                             const std::vector<std::size_t>& lists,
                                             const QueueReport& report) {
  if (lists.empty()) co_return Failure{};
  std::vector<RedisCommand> commands;
  for (const auto list : lists) {
    commands.push_back({"LINDEX", key(list), "0"});
    commands.push_back({"LINDEX", key(list), "-1"});
  }
  const auto replies = co_await broker_->ask(turn, tools.resolver, trace, std::move(commands));
  if (!replies) co_return replies.error();
  for (const auto& reply : *replies)
    if (reply.is_error()) co_return redis_failure(reply.text);
  for (std::size_t at = 0; at < lists.size(); ++at)
    read(lists_[lists[at]], report, report.lists[lists[at]], (*replies)[2 * at], (*replies)[2 * at + 1]);
  co_return Failure{};
}

/// A list may have been emptied between both looks; then nothing is known of it in this run.
void CeleryAges::read(List& list, const QueueReport& report, long long length, const RedisReply& newest,
                      const RedisReply& oldest) const {
  if (newest.kind != RedisReply::Kind::string || oldest.kind != RedisReply::Kind::string) return;
  list.known = true;
  list.age.look(Clock::now(), length, newest.text, oldest.text);
  const auto dates = decode_dates(oldest.text);
  list.redelivered = dates.redelivered;
  if (dates.stamped && report.time) list.stamp = std::max(0.0, *report.time - *dates.stamped);
}

/// A few round trips, in each of which every list gets one question.
asio::awaitable<Failure> CeleryAges::search(const Turns::Turn& turn, Tools& tools, Trace& trace) {
  for (;;) {
    std::vector<RedisCommand> commands;
    std::vector<QueueAge*> asked;
    for (std::size_t list = 0; list < lists_.size(); ++list) {
      auto question = lists_[list].age.question();
      if (!question) continue;
      commands.push_back({"LPOS", key(list), std::move(*question)});
      asked.push_back(&lists_[list].age);
    }
    if (asked.empty()) co_return Failure{};
    const auto replies = co_await broker_->ask(turn, tools.resolver, trace, std::move(commands));
    if (!replies) co_return replies.error();
    for (std::size_t at = 0; at < asked.size(); ++at) {
      const auto& reply = (*replies)[at];
      // Redis before 6.0.6 does not know the command.
      if (reply.is_error()) {
        asked[at]->give_up();
      } else {
        asked[at]->answer(reply.kind == RedisReply::Kind::integer);
      }
    }
  }
}

/// A task that tries again may carry the stamp of its first time: what is proven by the markers holds.
AgeBracket CeleryAges::bracket(const List& list) const {
  auto found = list.age.bracket();
  // One that came back stands before others that are younger, or older: it breaks the order.
  if (list.redelivered) found.upper.reset();
  const bool fits =
      list.stamp && *list.stamp >= found.lower - 1 && (!found.upper || *list.stamp <= *found.upper + 1);
  return fits ? AgeBracket{*list.stamp, *list.stamp} : found;
}

/// A queue is as old as the oldest of its lists.
std::vector<std::optional<AgeBracket>> CeleryAges::brackets() const {
  const auto steps = options_.names.steps.size();
  std::vector<std::optional<AgeBracket>> queues(options_.queues.size());
  for (std::size_t list = 0; list < lists_.size(); ++list) {
    auto& queue = queues[list / steps];
    const bool first = list % steps == 0;
    if (!lists_[list].known || (!first && !queue)) {
      queue.reset();
      continue;
    }
    const auto found = bracket(lists_[list]);
    if (first) {
      queue = found;
      continue;
    }
    queue->lower = std::max(queue->lower, found.lower);
    const bool bounded = queue->upper && found.upper;
    queue->upper = bounded ? std::optional{std::max(*queue->upper, *found.upper)} : std::nullopt;
  }
  return queues;
}

}  // namespace healthd
