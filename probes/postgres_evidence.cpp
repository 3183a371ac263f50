#include "probes/postgres_evidence.hpp"

#include <algorithm>

namespace healthd {
namespace {

constexpr std::size_t most_name_bytes = 40;

constexpr std::string_view blocked_sql =
    "SELECT waiting.pid, waiting.wait_event, waiting.seconds, holder.pid, holder.state, "
    "holder.application_name"
    " FROM (SELECT pid, wait_event, round(extract(epoch FROM clock_timestamp() - query_start)) AS seconds"
    " FROM pg_stat_activity WHERE wait_event_type = 'Lock' ORDER BY query_start LIMIT 5) waiting"
    " CROSS JOIN LATERAL unnest(pg_blocking_pids(waiting.pid)) AS blocking (pid)"
    " LEFT JOIN pg_stat_activity holder ON holder.pid = blocking.pid"
    " ORDER BY waiting.seconds DESC LIMIT 5";

constexpr std::string_view idle_sql =
    "SELECT pid, round(extract(epoch FROM clock_timestamp() - state_change)), application_name"
    " FROM pg_stat_activity WHERE backend_type = 'client backend' AND state LIKE 'idle in transaction%'"
    " ORDER BY state_change LIMIT 1";

/// An application calls itself what it likes.
std::string cleaned(const std::optional<std::string>& cell) {
  std::string text = cell.value_or("?").substr(0, most_name_bytes);
  std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return text.empty() ? "without a name" : text;
}

std::string blocked(const PgRows& rows) {
  std::string text;
  for (const PgRow& row : rows) {
    if (row.size() != 6) return "";
    if (!text.empty()) text += "; ";
    text += "pid " + cleaned(row[0]) + " waits " + cleaned(row[2]) + " s (" + cleaned(row[1]) + ") for ";
    text += row[3]
                ? "pid " + cleaned(row[3]) + " (" + cleaned(row[4]) + ", application " + cleaned(row[5]) + ")"
                : "a prepared transaction";
  }
  return text;
}

std::string idle(const PgRows& rows) {
  if (rows.size() != 1 || rows[0].size() != 3) return "";
  return "pid " + cleaned(rows[0][0]) + " for " + cleaned(rows[0][1]) + " s, application " +
         cleaned(rows[0][2]);
}

struct Cause {
  std::string_view metric;
  double above;
  PgInquiry inquiry;
};
constexpr Cause causes[] = {
    {"healthd_postgres_lock_waiters", 0, {"blocked", blocked_sql, blocked}},
    {"healthd_postgres_oldest_idle_in_transaction_seconds", 60, {"idle_in_transaction", idle_sql, idle}},
};

}  // namespace

std::vector<PgInquiry> pg_inquiries(const std::vector<Sample>& samples) {
  std::vector<PgInquiry> inquiries;
  for (const auto& [metric, above, inquiry] : causes) {
    const auto found = std::ranges::find(samples, metric, &Sample::name);
    if (found != samples.end() && found->value > above) inquiries.push_back(inquiry);
  }
  return inquiries;
}

}  // namespace healthd
