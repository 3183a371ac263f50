// What INFO says of the state that a Redis is in, for verdicts and for people.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "probes/net/info_text.hpp"
#include "probes/result.hpp"

namespace healthd {

/// Why the server refuses writes, as far as INFO shows it; nothing where it takes them or does not say.
Failure writes_refused(const InfoText& info);

/// The failure with what INFO adds to it: how far the loading is, how long the primary is gone.
Failure explained(Failure failure, const InfoText& info);

/// What a person would look up next. No names of keys, no arguments of commands.
std::vector<std::pair<std::string, std::string>> server_evidence(const InfoText& info);

/// Tells one life of a server in one role from the next.
class ServerIdentity {
 public:
  /// `role_changed` where `info` shows another role or another process than the last time; once. Changes that
  /// do not end are several servers behind one address, and no event.
  Failure observe(const InfoText& info);

 private:
  int in_a_row_ = 0;
  std::string run_id_;
  std::string role_;
};

}  // namespace healthd
