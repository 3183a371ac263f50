#include "probes/celery_queues.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "probes/net/redis.hpp"

namespace healthd {
namespace {

/// More than any Redis can hold; sums of such counts cannot overflow.
constexpr long long most_messages = 1LL << 40;

std::optional<double> number(const std::string& text) {
  double value = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error != std::errc{} || end != last || !std::isfinite(value)) return std::nullopt;
  return value;
}

bool is_count(const RedisReply& reply) {
  return reply.kind == RedisReply::Kind::integer && reply.integer >= 0 && reply.integer <= most_messages;
}

/// The reply to TIME: seconds and microseconds, as texts.
std::optional<double> server_time(const RedisReply& reply) {
  if (reply.elements.size() != 2) return std::nullopt;
  const auto seconds = number(reply.elements[0].text);
  const auto micros = number(reply.elements[1].text);
  return seconds && micros ? std::optional{*seconds + *micros / 1e6} : std::nullopt;
}

/// The reply to ZRANGE WITHSCORES: tags and their times of delivery, in turns.
std::vector<UnackedMessage> deliveries(const RedisReply& reply) {
  std::vector<UnackedMessage> all;
  for (std::size_t at = 0; at + 1 < reply.elements.size(); at += 2)
    if (const auto when = number(reply.elements[at + 1].text))
      all.push_back({reply.elements[at].text, *when});
  return all;
}

/// `counts`: so many answers, from the first on, say how many messages there are.
Failure refusal(const std::vector<RedisReply>& replies, std::size_t counts, std::size_t expected) {
  if (replies.size() < expected) return {Reason::protocol, "the broker gave another number of answers"};
  for (std::size_t at = 0; at < expected; ++at)
    if (replies[at].is_error()) return redis_failure(replies[at].text);
  if (!std::all_of(replies.begin(), replies.begin() + static_cast<std::ptrdiff_t>(counts), is_count))
    return {Reason::protocol, "the broker gave something else than the length of a queue"};
  return {};
}

}  // namespace

std::vector<RedisCommand> queue_commands(const CeleryNames& names, const std::vector<std::string>& queues) {
  std::vector<RedisCommand> commands;
  for (const auto& queue : queues)
    for (const int step : names.steps) commands.push_back({"LLEN", names.queue(queue, step)});
  commands.push_back({"HLEN", names.unacked()});
  commands.push_back({"ZRANGE", names.unacked_index(), "0", "9", "WITHSCORES"});
  commands.push_back({"TIME"});
  return commands;
}

QueueReport read_queues(const CeleryNames& names, const std::vector<std::string>& queues,
                        const std::vector<RedisReply>& replies) {
  QueueReport report;
  const auto steps = names.steps.size();
  const auto lengths = queues.size() * steps;
  report.failure = refusal(replies, lengths + 1, lengths + 3);
  if (report.failure) return report;
  for (std::size_t first = 0; first < lengths; first += steps) {
    long long length = 0;
    for (auto at = first; at < first + steps; ++at) {
      length += replies[at].integer;
      report.lists.push_back(replies[at].integer);
    }
    report.lengths.push_back(length);
  }
  report.unacked = replies[lengths].integer;
  report.oldest = deliveries(replies[lengths + 1]);
  report.time = server_time(replies[lengths + 2]);
  return report;
}

std::optional<double> by_our_clock(const QueueReport& report, double moment,
                                   std::chrono::system_clock::time_point now) {
  if (!report.time) return std::nullopt;
  const std::chrono::duration<double> here = now.time_since_epoch();
  return here.count() - (*report.time - moment);
}

QueueMemory::Time QueueMemory::last_empty(const std::string& queue, long long length, Time now) {
  auto& since = last_empty_.try_emplace(queue, now).first->second;
  if (length == 0) since = now;
  return since;
}

}  // namespace healthd
