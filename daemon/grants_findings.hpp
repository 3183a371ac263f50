// What `grants --check` found out about one account.
#pragma once

#include <string>
#include <vector>

namespace healthd {

struct Findings {
  std::string account;                ///< what was looked at, for people
  std::vector<std::string> missing;   ///< a probe needs it
  std::vector<std::string> too_much;  ///< no probe needs it
  std::vector<std::string> unknown;   ///< could not be found out: not a clean bill either
  std::vector<std::string> notes;     ///< worth knowing, and no fault of the account

  bool exact() const { return missing.empty() && too_much.empty() && unknown.empty(); }
};

}  // namespace healthd
