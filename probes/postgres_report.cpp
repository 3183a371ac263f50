#include "probes/postgres_report.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace healthd {

const std::string_view pg_alive_sql = "SELECT 1";

const std::string_view pg_facts_sql =
    "SELECT current_setting('server_version_num'), pg_is_in_recovery(),"
    " extract(epoch FROM pg_postmaster_start_time()), pg_has_role(current_user, 'pg_monitor', 'USAGE'),"
    " current_setting('max_connections'), current_setting('superuser_reserved_connections')::int"
    " + coalesce(current_setting('reserved_connections', true), '0')::int";

const std::string_view pg_activity_sql =
    "SELECT coalesce(state, 'other'), count(*) FROM pg_stat_activity"
    " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() GROUP BY 1";

namespace {

struct StateName {
  std::string_view server;
  std::string_view label;
};
constexpr std::array state_names{
    StateName{"active", "active"},
    StateName{"idle", "idle"},
    StateName{"idle in transaction", "idle_in_transaction"},
    StateName{"idle in transaction (aborted)", "idle_in_transaction_aborted"},
    StateName{"", "other"},
};

std::optional<double> number(const std::optional<std::string>& cell) {
  if (!cell) return std::nullopt;
  double value = 0;
  const char* end = cell->data() + cell->size();
  const auto [stop, error] = std::from_chars(cell->data(), end, value);
  if (error != std::errc{} || stop != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

/// From 10 on the number is major * 10000 + minor.
std::string version(int number) {
  return std::to_string(number / 10'000) + "." + std::to_string(number % 10'000);
}

double used(const PgActivity& activity) {
  double sum = 0;
  for (const auto& [state, count] : activity) sum += count;
  return sum;
}

std::string whole(double value) { return std::to_string(std::llround(value)); }

void add_facts(const PgFacts& facts, ProbeResult& result) {
  const auto text = version(facts.version_number);
  const auto major = std::to_string(facts.version_number / 10'000);
  auto& samples = result.samples;
  samples.push_back({"healthd_postgres_info", 1, {{"version", text}, {"major", major}}});
  samples.push_back({"healthd_postgres_start_time_seconds", facts.started_at});
  samples.push_back({"healthd_postgres_in_recovery", facts.in_recovery ? 1.0 : 0.0});
  samples.push_back({"healthd_postgres_monitor_privileges_ok", facts.may_monitor ? 1.0 : 0.0});
  samples.push_back({"healthd_postgres_connections_max", facts.connections_max});
  samples.push_back({"healthd_postgres_connections_reserved", facts.connections_reserved});
  result.evidence.emplace_back("version", text);
  result.evidence.emplace_back("role", facts.in_recovery ? "replica" : "primary");
}

void add_activity(const PgActivity& activity, const PgFacts& facts, ProbeResult& result) {
  for (const auto& [state, count] : activity)
    result.samples.push_back({"healthd_postgres_connections", count, {{"state", state}}});
  result.evidence.emplace_back("connections", whole(used(activity)) + " of " + whole(facts.connections_max) +
                                                  ", " + whole(facts.connections_reserved) + " reserved");
}

/// Without pg_monitor the server hides other sessions and every count reads healthy: so there are no counts,
/// and it is said.
CheckResult check_privileges(const PgFacts& facts) {
  if (facts.may_monitor) return judge("privileges", {});
  return judge("privileges",
               {Reason::permission, "the role is not a member of pg_monitor and sees no other session"});
}

/// The check of the fresh connection decides before the main check does, unless the server is merely full.
void decide(const PgFindings& findings, ProbeResult& result) {
  conclude(result);
  const bool full_but_alive = findings.connect.reason == Reason::too_many_connections && !findings.query;
  if (!findings.connect || full_but_alive) return;
  const CheckResult& connect = *find_check(result, "connect");
  result.status = connect.status;
  result.reason = connect.reason;
  result.detail = connect.detail;
}

}  // namespace

std::optional<PgFacts> read_pg_facts(const PgRows& rows) {
  if (rows.size() != 1 || rows[0].size() != 6) return std::nullopt;
  const PgRow& row = rows[0];
  const auto version_number = number(row[0]);
  const auto started_at = number(row[2]);
  const auto most = number(row[4]);
  const auto reserved = number(row[5]);
  if (!version_number || !row[1] || !started_at || !row[3] || !most || !reserved) return std::nullopt;
  PgFacts facts;
  facts.version_number = static_cast<int>(std::clamp(*version_number, 0.0, 1e8));
  facts.in_recovery = *row[1] == "t";
  facts.started_at = *started_at;
  facts.may_monitor = *row[3] == "t";
  facts.connections_max = *most;
  facts.connections_reserved = *reserved;
  return facts;
}

std::optional<PgActivity> read_pg_activity(const PgRows& rows) {
  PgActivity activity;
  for (const auto& name : state_names) activity.emplace_back(name.label, 0);
  for (const PgRow& row : rows) {
    if (row.size() != 2 || !row[0]) return std::nullopt;
    const auto count = number(row[1]);
    if (!count) return std::nullopt;
    const auto known = std::ranges::find(state_names, std::string_view{*row[0]}, &StateName::server);
    const auto index = known == state_names.end() ? activity.size() - 1
                                                  : static_cast<std::size_t>(known - state_names.begin());
    activity[index].second += *count;
  }
  return activity;
}

ProbeResult pg_report(const PgFindings& findings) {
  ProbeResult result;
  result.checks.push_back(judge("query", findings.query));
  result.checks.push_back(judge("connect", findings.connect));
  if (!findings.query) {
    if (findings.facts) result.checks.push_back(check_privileges(*findings.facts));
    result.checks.push_back(judge("statistics", findings.statistics));
  }
  decide(findings, result);
  // Absent where unknown; in step with the verdict, so that a frozen postmaster is no `1`.
  if (result.status != Status::unknown)
    result.samples.push_back({"healthd_postgres_up", result.status == Status::down ? 0.0 : 1.0});
  if (findings.facts) add_facts(*findings.facts, result);
  if (findings.facts && findings.activity) add_activity(*findings.activity, *findings.facts, result);
  return result;
}

}  // namespace healthd
