// What can be asked for over the control socket, and the answers: JSON objects. A request names its `verb`;
// an answer has `ok`, and an `error` where it is false.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "daemon/levers.hpp"
#include "exporters/incident.hpp"

namespace healthd {

/// What commands act on.
struct LeverHost {
  Levers& levers;
  std::function<std::vector<Incident>()> open_incidents;
  std::function<void(const std::string& incident, const std::string& by, const std::string& comment)>
      acknowledge;
  /// A line per fact, for people.
  std::function<std::string()> status;
  /// Levers have changed: to be kept on disk, and to be judged by.
  std::function<void()> changed;
};

/// `peer`: who asks; the author of what is done, unless the request names one.
std::string answer_control(LeverHost& host, const std::string& request, const std::string& peer,
                           Levers::Time now);

/// The one verb that takes its time; whoever can reload answers it with answer_reload().
bool asks_for_reload(const std::string& request);
std::string answer_reload(bool done, const std::string& text);

}  // namespace healthd
