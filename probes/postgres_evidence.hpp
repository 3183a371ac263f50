// What a person would look up next when the figures of a PostgreSQL server show trouble: who waits for whom,
// and who sits on a transaction. Never the text of a query.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/net/postgres.hpp"
#include "probes/result.hpp"

namespace healthd {

using PgEvidence = std::vector<std::pair<std::string, std::string>>;

/// One question worth asking, and how its answer reads.
struct PgInquiry {
  std::string_view key;
  std::string_view sql;
  std::string (*read)(const PgRows& rows);  ///< "" where there is nothing to say
};

/// Those that the samples give cause for; none on a server that is well.
std::vector<PgInquiry> pg_inquiries(const std::vector<Sample>& samples);

}  // namespace healthd
