#include "probes/postgres_report.hpp"

#include <algorithm>
#include <cmath>

#include "probes/postgres_pack.hpp"

namespace healthd {

const std::string_view pg_alive_sql = "SELECT 1";

// Our own session's `default_transaction_read_only` is on, by our own will. The server's is what RESET would
// give us; the database's is looked up, because a session that lasts learns of no change.
const std::string_view pg_facts_sql =
    "SELECT current_setting('server_version_num'), pg_is_in_recovery(),"
    " extract(epoch FROM pg_postmaster_start_time()), pg_has_role(current_user, 'pg_monitor', 'USAGE'),"
    " current_setting('max_connections'), current_setting('superuser_reserved_connections')::int"
    " + coalesce(current_setting('reserved_connections', true), '0')::int,"
    " (SELECT reset_val::bool FROM pg_settings WHERE name = 'default_transaction_read_only'), "
    "scope.all_roles,"
    " coalesce(scope.ours, false) FROM (SELECT"
    " (array_agg(split_part(entry, '=', 2)::bool ORDER BY setdatabase DESC) FILTER (WHERE setrole = 0))[1]"
    " AS all_roles, bool_or(setrole <> 0) AS ours"
    " FROM pg_db_role_setting LEFT JOIN pg_database ON pg_database.oid = setdatabase"
    " LEFT JOIN pg_roles ON pg_roles.oid = setrole CROSS JOIN unnest(setconfig) AS entry"
    " WHERE starts_with(entry, 'default_transaction_read_only=')"
    " AND (setdatabase = 0 OR datname = current_database()) AND (setrole = 0 OR rolname = session_user))"
    " AS scope";

namespace {

/// From 10 on the number is major * 10000 + minor.
std::string version(int number) {
  return std::to_string(number / 10'000) + "." + std::to_string(number % 10'000);
}

std::string whole(double value) { return std::to_string(std::llround(value)); }

std::string_view role_name(bool in_recovery) { return in_recovery ? "standby" : "primary"; }

void add_facts(const PgFacts& facts, bool role_changed, ProbeResult& result) {
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
  std::string role{role_name(facts.in_recovery)};
  if (role_changed) role = std::string{role_name(!facts.in_recovery)} + " -> " + role;
  result.evidence.emplace_back("role", role);
}

/// How full it is, and of what.
void add_connections(const PgFacts& facts, ProbeResult& result) {
  double used = 0;
  std::string states;
  for (const auto& sample : result.samples) {
    if (sample.name != "healthd_postgres_connections" || sample.labels.empty()) continue;
    used += sample.value;
    if (sample.value == 0) continue;
    states += (states.empty() ? ": " : ", ") + whole(sample.value) + " " + sample.labels.front().second;
  }
  result.evidence.emplace_back("connections", whole(used) + " of " + whole(facts.connections_max) + ", " +
                                                  whole(facts.connections_reserved) + " reserved" + states);
}

/// Without pg_monitor the server hides other sessions and every count reads healthy: so there are no counts,
/// and it is said.
CheckResult check_privileges(const PgFacts& facts) {
  if (facts.may_monitor) return judge("privileges", {});
  return judge("privileges",
               {Reason::permission, "the role is not a member of pg_monitor and sees no other session"});
}

CheckResult check_role(const PgFindings& findings, PgRole expected) {
  const bool standby = findings.facts->in_recovery;
  if (findings.role_changed)
    return judge("role", {Reason::role_changed,
                          standby ? "the primary has become a standby" : "the standby has become a primary"});
  if (expected == PgRole::primary && standby)
    return judge("role", {Reason::read_only, "the server is a standby; a primary is expected here"});
  if (expected == PgRole::standby && !standby)
    return judge("role", {Reason::role_changed, "the server is a primary; a standby is expected here"});
  return judge("role", {});
}

/// Whether others can write, as far as settings tell; nothing where our role's own setting hides that.
std::optional<CheckResult> check_write(const PgFindings& findings) {
  const auto& facts = *findings.facts;
  constexpr std::string_view text = " has default_transaction_read_only on: nobody can save anything";
  if (facts.in_recovery) return std::nullopt;  // that is the role's matter
  if (facts.database_read_only) {
    if (!*facts.database_read_only) return judge("write", {});
    return judge("write", {Reason::read_only, "the database" + std::string{text}});
  }
  if (facts.own_read_only || findings.settings_are_old) return std::nullopt;
  if (!facts.server_read_only) return judge("write", {});
  return judge("write", {Reason::read_only, "the server" + std::string{text}});
}

void add_side_checks(const PgFindings& findings, PgRole expected, ProbeResult& result) {
  if (findings.facts) {
    result.checks.push_back(check_role(findings, expected));
    if (auto write = check_write(findings)) result.checks.push_back(std::move(*write));
    result.checks.push_back(check_privileges(*findings.facts));
  }
  result.checks.push_back(judge("statistics", findings.statistics));
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

std::optional<bool> truth(const std::optional<std::string>& cell) {
  if (!cell) return std::nullopt;
  return *cell == "t";
}

}  // namespace

std::optional<PgFacts> read_pg_facts(const PgRows& rows) {
  if (rows.size() != 1 || rows[0].size() != 9) return std::nullopt;
  const PgRow& row = rows[0];
  const auto version_number = pg_number(row[0]);
  const auto started_at = pg_number(row[2]);
  const auto most = pg_number(row[4]);
  const auto reserved = pg_number(row[5]);
  if (!version_number || !row[1] || !started_at || !row[3] || !most || !reserved) return std::nullopt;
  PgFacts facts;
  facts.version_number = static_cast<int>(std::clamp(*version_number, 0.0, 1e8));
  facts.in_recovery = *row[1] == "t";
  facts.started_at = *started_at;
  facts.may_monitor = *row[3] == "t";
  facts.connections_max = *most;
  facts.connections_reserved = *reserved;
  facts.server_read_only = truth(row[6]).value_or(false);
  facts.database_read_only = truth(row[7]);
  facts.own_read_only = truth(row[8]).value_or(false);
  return facts;
}

ProbeResult pg_report(const PgFindings& findings, PgRole expected) {
  constexpr std::chrono::seconds after_a_refused_login{60};  // so that no account is locked, no log flooded
  ProbeResult result;
  result.checks.push_back(judge("query", findings.query));
  if (!findings.connect_age) result.checks.push_back(judge("connect", findings.connect));
  if (!findings.query) add_side_checks(findings, expected, result);
  decide(findings, result);
  if (findings.connect.reason == Reason::auth) result.rest = after_a_refused_login;
  // Absent where unknown; in step with the verdict, so that a frozen postmaster is no `1`.
  if (result.status != Status::unknown)
    result.samples.push_back({"healthd_postgres_up", result.status == Status::down ? 0.0 : 1.0});
  const auto& more = findings.samples;
  result.samples.insert(result.samples.end(), more.begin(), more.end());
  if (findings.facts) add_facts(*findings.facts, findings.role_changed, result);
  const bool counted = std::ranges::any_of(
      more, [](const Sample& sample) { return sample.name == "healthd_postgres_connections"; });
  if (findings.facts && counted) add_connections(*findings.facts, result);
  if (findings.connect_age) {
    const auto seconds = std::chrono::duration<double>(*findings.connect_age).count();
    result.evidence.emplace_back("connect", "last opened " + whole(seconds) + " s ago");
  }
  result.evidence.insert(result.evidence.end(), findings.evidence.begin(), findings.evidence.end());
  return result;
}

}  // namespace healthd
