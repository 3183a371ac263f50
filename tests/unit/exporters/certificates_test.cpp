#include "exporters/certificates.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <limits>

#include "sample_snapshot.hpp"

using namespace healthd;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

/// The section for a certificate that ends so long after noon().
std::string ends_in(std::chrono::seconds left, std::optional<std::chrono::seconds> life = {}) {
  Snapshot stack = test::healthy_stack();
  const auto end = std::chrono::floor<std::chrono::seconds>(test::noon().time_since_epoch() + left).count();
  auto& samples = stack.probes[0].last->result.samples;
  samples = {{"healthd_tls_leaf_not_after_timestamp_seconds", static_cast<double>(end), {}}};
  if (life)
    samples.push_back(
        {"healthd_tls_leaf_not_before_timestamp_seconds", static_cast<double>(end - life->count()), {}});
  return certificate_section(stack).str();
}

}  // namespace

TEST_CASE("a certificate is told with its end and the days that are left") {
  const auto section = ends_in(61 * 24h + 1h);
  CHECK_THAT(section, ContainsSubstring("pill up"));
  CHECK_THAT(section, ContainsSubstring("61 days left"));
  CHECK_THAT(section, ContainsSubstring("valid until 23 Jan 2027, 13:07:04 UTC"));
  CHECK_THAT(section, ContainsSubstring("bi.example.com:443"));
}

TEST_CASE("a certificate near its end stands out as its alerts do") {
  CHECK_THAT(ends_in(20 * 24h), ContainsSubstring("pill degraded"));
  CHECK_THAT(ends_in(40h), ContainsSubstring("pill down"));
  CHECK_THAT(ends_in(40h + 1s), ContainsSubstring("1 d 16 h left"));
  CHECK_THAT(ends_in(-90min), ContainsSubstring("expired 1 h 30 min ago"));
}

TEST_CASE("a certificate that lives for six days is not always near its end") {
  CHECK_THAT(ends_in(100h, 6 * 24h), ContainsSubstring("pill up"));
  CHECK_THAT(ends_in(40h, 6 * 24h), ContainsSubstring("pill degraded"));
}

TEST_CASE("no certificate, or one whose end is no time, is not told of") {
  Snapshot stack = test::healthy_stack();
  for (const double end : {0.0, -1.0, 1e300, std::numeric_limits<double>::quiet_NaN()}) {
    stack.probes[0].last->result.samples = {{"healthd_tls_leaf_not_after_timestamp_seconds", end, {}}};
    CHECK(certificate_section(stack).empty());
  }
  CHECK(certificate_section(test::fresh_start()).empty());
}
