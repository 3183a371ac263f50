// What workers answer about themselves, and the dates of queued messages, which any client may have written.
#include "probes/net/inspect.hpp"

#include "probes/net/iso8601.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace healthd {
namespace {

using fuzz::must;

constexpr double year_10000 = 253'402'300'800;

bool is_moment(const std::optional<double>& time) { return !time || (*time > 0 && *time < year_10000); }
bool is_span(const std::optional<double>& span) { return !span || (std::isfinite(*span) && *span > 0); }

void check_pool(const PidboxReply& reply) {
  const auto pool = decode_pool(reply);
  if (!pool) return;
  must(std::isfinite(pool->uptime) && pool->uptime >= 0, "nobody runs for less than no time");
  must(pool->concurrency >= 0 && pool->concurrency <= 1'000'000, "sums of concurrencies fit");
  must(is_span(pool->hard_limit) && is_span(pool->broker.visibility_timeout), "limits are spans of time");
  must(!pool->broker.database || *pool->broker.database >= 0, "databases count from 0");
  if (const auto& steps = pool->broker.steps)
    must(!steps->empty() && std::ranges::all_of(*steps, [](int step) { return step >= 0; }),
         "steps are steps");
  must(decode_stats(reply, "t").has_value(), "both readers of statistics know them");
}

void check_lists(const PidboxReply& reply) {
  if (const auto tasks = decode_tasks(reply)) {
    must(tasks->size() <= 1000, "an answer has at most so many tasks");
    for (const auto& task : *tasks) must(is_moment(task.started), "a task starts at some time");
  }
  if (const auto queues = decode_queues(reply)) {
    must(queues->size() <= 1000, "an answer has at most so many queues");
    for (const auto& queue : *queues) must(!queue.empty(), "a queue has a name");
  }
}

void check_dates(std::string_view text) {
  const auto dates = decode_dates(text);
  must(is_moment(dates.stamped), "a stamp is a moment");
  for (const auto& time : {dates.eta, iso8601_time(text)})
    must(!time || std::abs(*time) < year_10000 + 86'400, "a date has four digits for its year");
}

}  // namespace
}  // namespace healthd

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = healthd::fuzz::as_text(data, size);
  const healthd::PidboxReply reply{"t", "w@host", std::string{text}};
  healthd::check_pool(reply);
  healthd::check_lists(reply);
  healthd::check_dates(text);
  return 0;
}
