// What PostgreSQL and libpq say: errors as text, and the rows of our own statements. Rows are lines here and
// cells are set apart by tabs; `\N` is NULL.
#include "probes/postgres_evidence.hpp"
#include "probes/postgres_pack.hpp"
#include "probes/postgres_report.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace healthd {
namespace {

using fuzz::must;

constexpr std::size_t longest_detail = 600;
constexpr std::size_t most_samples = 100;

PgRows rows_of(std::string_view text) {
  PgRows rows;
  for (const auto line : fuzz::split(text, '\n')) {
    auto& row = rows.emplace_back();
    for (const auto cell : fuzz::split(line, '\t'))
      row.push_back(cell == "\\N" ? std::nullopt : std::optional<std::string>{cell});
  }
  return rows;
}

void check_failure(const Failure& failure) {
  const auto ascii = [](unsigned char c) { return c < 0x80; };
  must(bool{failure}, "an error is a failure");
  must(failure.detail.size() <= longest_detail, "a detail is short");
  must(fuzz::is_plain(failure.detail) && std::ranges::all_of(failure.detail, ascii),
       "a detail is one line of plain text");
}

void check_statistics(const PgRows& rows) {
  for (const auto& collector : pg_pack()) {
    const auto samples = collector.read(rows);
    if (!samples) continue;
    must(samples->size() <= most_samples + rows.size(), "samples are bounded");
    fuzz::must_be_finite(*samples);
  }
  const std::vector<Sample> trouble{{"healthd_postgres_oldest_lock_wait_seconds", 1e6},
                                    {"healthd_postgres_lock_waiters", 1e6},
                                    {"healthd_postgres_oldest_idle_in_transaction_seconds", 1e6},
                                    {"healthd_postgres_oldest_transaction_seconds", 1e6}};
  for (const auto& inquiry : pg_inquiries(trouble)) inquiry.read(rows);
}

void check_facts(const PgRows& rows) {
  PgFindings findings;
  findings.facts = read_pg_facts(rows);
  for (const auto role : {PgRole::primary, PgRole::standby, PgRole::any}) {
    const auto result = pg_report(findings, role);
    must(!result.checks.empty(), "a run has a verdict");
    fuzz::must_be_finite(result.samples);
  }
}

}  // namespace
}  // namespace healthd

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace healthd;
  const auto text = fuzz::as_text(data, size);
  check_failure(pg_failure_from_text(text));
  check_failure(pg_failure(text.substr(0, text.find('\n')), text));
  const auto rows = rows_of(text);
  check_statistics(rows);
  check_facts(rows);
  return 0;
}
