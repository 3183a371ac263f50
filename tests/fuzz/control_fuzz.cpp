// Requests over the control socket: whoever may write to it may write anything.
#include "daemon/control.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace healthd {
namespace {

using fuzz::must;

const Levers::Time noon = Levers::Time{} + std::chrono::hours{480000};
const LabelMap labels{
    {"alertname", "RedisDown"}, {"component", "redis"}, {"probe", "broker"}, {"severity", "critical"}};

Incident open_incident() {
  Incident made;
  made.id = "20261128-120000-0000";
  made.title = "RedisDown: Redis does not answer.";
  made.members.resize(1);
  made.members[0].alert.labels = labels;
  return made;
}

void ask(const std::string& request) {
  Levers levers;
  int acknowledged = 0;
  LeverHost host{levers, [] { return std::vector{open_incident()}; },
                 [&](const auto&, const auto&, const auto&) { ++acknowledged; },
                 [] { return std::string{"well\n"}; }, [] {}};
  const auto answer = answer_control(host, request, "ann", noon);
  must(answer.starts_with("{") && answer.ends_with("}") && answer.find('\n') == answer.npos,
       "an answer is one line");
  must(levers.silences().size() <= 1 && levers.maintenances().size() <= 1 && acknowledged <= 1,
       "a request does one thing");
  for (const auto& silence : levers.silences())
    must(silence.ends_at > noon && silence.ends_at - noon <= std::chrono::hours{24 * 30},
         "a silence has an end");
  levers.holds(labels, noon);
  Levers after;
  for (const auto& [id, body] : levers.take_changed())
    if (body) must(after.restore(*body), "what was kept can be read");
}

}  // namespace
}  // namespace healthd

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  healthd::ask(std::string{healthd::fuzz::as_text(data, size)});
  return 0;
}
