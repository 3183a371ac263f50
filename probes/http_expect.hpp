// What the answer to an HTTP check has to look like.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/options.hpp"
#include "probes/net/http.hpp"
#include "probes/result.hpp"

namespace re2 {
class RE2;
}

namespace healthd {

/// Each part holds only where it is given.
struct Expectations {
  std::vector<int> statuses = {};  ///< any of them; empty: any of 200-399
  std::string body = {};           ///< somewhere in the body
  std::shared_ptr<const re2::RE2> body_regex = {};
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< name, what its value has to hold
};

/// How much of a body is read for them: more where something is looked for in it.
HttpLimits limits_for(const Expectations& expected);

/// Reads `expect_status` (a number or a list that is not empty), `expect_body`, `expect_body_regex` and
/// `expect_header`. What is wrong with them, a pattern that does not compile included, is reported at its
/// place.
Expectations read_expectations(Options& options, std::vector<int> statuses = {});

/// The status first, then headers, then the body. Details show what came, scrubbed and cut. A body that was
/// not read to its end is `too_large` where what was read does not settle it.
Failure check_expectations(const Expectations& expected, const HttpResponse& response);

}  // namespace healthd
