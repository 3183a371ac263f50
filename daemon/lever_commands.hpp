// The verbs that talk to the running daemon.
#pragma once

#include <string>
#include <vector>

namespace healthd {

struct LeverRequest {
  std::string socket;
  std::string id;                     ///< of a silence, an incident, a maintenance; an alert's name for `ack`
  std::string span;                   ///< `2h`
  std::string author, comment;        ///< a maintenance's reason is its comment
  std::vector<std::string> matchers;  ///< `label=value`, `label=~expression`
  std::vector<std::string> components;
  bool json = false;
};

/// Each prints what came of it and returns the exit code: 0, or 1 with the reason on standard error.
int silence_add(const LeverRequest& request);
int silence_list(const LeverRequest& request);
int silence_expire(const LeverRequest& request);
int acknowledge(const LeverRequest& request);
int maintenance_start(const LeverRequest& request);
int maintenance_end(const LeverRequest& request);
int maintenance_list(const LeverRequest& request);
int show_status(const LeverRequest& request);
int ask_for_reload(const LeverRequest& request);

}  // namespace healthd
