#include "probes/net/inspect.hpp"

#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

#include "probes/net/iso8601.hpp"
#include "probes/net/kombu_message.hpp"

namespace healthd {
namespace {

using kombu::json;
using kombu::member;

constexpr std::size_t most_items = 1000;
/// More than any worker runs at a time; sums of such numbers cannot overflow.
constexpr long long most_concurrency = 1'000'000;
/// Celery knows ten priorities.
constexpr std::size_t most_steps = 256;

std::optional<std::string> told_text(const json& value) {
  return value.is_string() ? std::optional{kombu::text(value)} : std::nullopt;
}

std::optional<bool> told_flag(const json& value) {
  return value.is_boolean() ? std::optional{value.get<bool>()} : std::nullopt;
}

std::optional<double> told_seconds(const json& value) {
  const auto seconds = kombu::number(value);
  return seconds && *seconds > 0 ? seconds : std::nullopt;
}

std::optional<int> small(const json& value) {
  const auto whole = kombu::integer(value);
  if (!whole || *whole < 0 || *whole > std::numeric_limits<int>::max()) return std::nullopt;
  return static_cast<int>(*whole);
}

/// The database as the last part of a broker's URL has it: a number, after a slash or not; none is database
/// 0.
std::optional<int> database_of(const json& virtual_host) {
  if (!virtual_host.is_string()) return small(virtual_host);
  auto digits = kombu::text(virtual_host);
  if (digits.starts_with('/')) digits.erase(0, 1);
  if (digits.empty()) return 0;
  int database = 0;
  const char* last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, database);
  return error == std::errc{} && end == last && database >= 0 ? std::optional{database} : std::nullopt;
}

std::optional<std::vector<int>> steps_of(const json& value) {
  if (!value.is_array() || value.empty() || value.size() > most_steps) return std::nullopt;
  std::vector<int> steps;
  for (const auto& one : value) {
    const auto step = small(one);
    if (!step) return std::nullopt;
    steps.push_back(*step);
  }
  return steps;
}

std::optional<std::string> fanout_prefix_of(const json& value) {
  if (const auto flag = told_flag(value)) return *flag ? "true" : "false";
  return told_text(value);
}

BrokerView broker_of(const json& broker) {
  const auto& options = member(broker, "transport_options");
  BrokerView view;
  view.database = database_of(member(broker, "virtual_host"));
  view.key_prefix = told_text(member(options, "global_keyprefix"));
  view.separator = told_text(member(options, "sep"));
  view.steps = steps_of(member(options, "priority_steps"));
  view.visibility_timeout = told_seconds(member(options, "visibility_timeout"));
  view.fanout_prefix = fanout_prefix_of(member(options, "fanout_prefix"));
  view.fanout_patterns = told_flag(member(options, "fanout_patterns"));
  return view;
}

bool is_solo(const json& pool, long long pid) {
  if (kombu::text(member(pool, "implementation")).starts_with("celery.concurrency.solo:")) return true;
  const auto& processes = member(pool, "processes");
  return processes.is_array() && processes.size() == 1 && kombu::integer(processes[0]) == pid;
}

WorkerTask task_of(const json& item) {
  WorkerTask task;
  task.id = kombu::name(member(item, "id"));
  task.name = kombu::name(member(item, "name"));
  task.queue = kombu::name(member(member(item, "delivery_info"), "routing_key"));
  task.started = kombu::unix_time(member(item, "time_start"));
  return task;
}

bool is_true(const json& value) { return told_flag(value).value_or(false); }

}  // namespace

std::optional<WorkerPool> decode_pool(const PidboxReply& reply) {
  const auto answer = kombu::parse(reply.value);
  const auto pid = kombu::integer(member(answer, "pid"));
  if (!pid || !member(answer, "total").is_object()) return std::nullopt;
  const auto& pool = member(answer, "pool");
  WorkerPool read;
  read.pid = *pid;
  read.uptime = told_seconds(member(answer, "uptime")).value_or(0);
  const auto concurrency = kombu::integer(member(pool, "max-concurrency")).value_or(0);
  if (concurrency > 0 && concurrency <= most_concurrency) read.concurrency = concurrency;
  read.solo = is_solo(pool, *pid);
  // The soft limit and the hard one; 0 where there is none.
  const auto& limits = member(pool, "timeouts");
  if (limits.is_array() && limits.size() == 2) read.hard_limit = told_seconds(limits[1]);
  read.broker = broker_of(member(answer, "broker"));
  return read;
}

std::optional<std::vector<WorkerTask>> decode_tasks(const PidboxReply& reply) {
  const auto answer = kombu::parse(reply.value);
  if (!answer.is_array()) return std::nullopt;
  std::vector<WorkerTask> tasks;
  for (const auto& item : answer) {
    if (!item.is_object()) return std::nullopt;
    if (tasks.size() < most_items) tasks.push_back(task_of(item));
  }
  return tasks;
}

std::optional<std::vector<std::string>> decode_queues(const PidboxReply& reply) {
  const auto answer = kombu::parse(reply.value);
  if (!answer.is_array()) return std::nullopt;
  std::vector<std::string> queues;
  for (const auto& item : answer) {
    auto name = kombu::name(member(item, "name"));
    // An answer that is not understood must not look like that of a worker without a queue.
    if (name.empty()) return std::nullopt;
    if (queues.size() < most_items) queues.push_back(std::move(name));
  }
  return queues;
}

MessageDates decode_dates(std::string_view message) {
  const auto read = kombu::parse(message);
  const auto& queued = read.is_array() && !read.empty() ? read[0] : read;
  const auto& headers = member(queued, "headers");
  MessageDates dates;
  dates.stamped = kombu::unix_time(member(headers, "healthd_sent_at"));
  dates.redelivered = is_true(member(headers, "redelivered")) ||
                      is_true(member(member(member(queued, "properties"), "delivery_info"), "redelivered"));
  dates.eta = iso8601_time(kombu::text(member(headers, "eta")));
  return dates;
}

}  // namespace healthd
