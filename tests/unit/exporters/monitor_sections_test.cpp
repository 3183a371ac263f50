#include "exporters/monitor_sections.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "exporters/probe_table.hpp"
#include "sample_snapshot.hpp"

using namespace healthd;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Of the sample's receiver, changed.
std::string receiver(auto change) {
  Snapshot stack = test::healthy_stack();
  change(stack.receivers.at(0));
  return receiver_section(stack).str();
}

}  // namespace

TEST_CASE("a silence and a maintenance say what, until when, by whom and why") {
  Snapshot stack = test::healthy_stack();
  CHECK(lever_section(stack).empty());
  stack.silences = {{"s1", "alertname=RedisDown", test::noon(), test::noon() + 2h, "ann", "deploy"}};
  stack.maintenances = {{"m1", "postgres", test::noon(), test::noon() + 30min, "bob", ""}};
  const auto section = lever_section(stack).str();
  for (const char* part :
       {"Silence of alertname=RedisDown", "14:07:04 UTC", "(2 h 0 min left)", ">ann<", ">deploy<",
        "Maintenance of postgres", "(30 min left)", ">bob<", "no reason given"})
    CHECK_THAT(section, ContainsSubstring(part));
}

TEST_CASE("a receiver that cannot be told stands out, with what waits and why it fails") {
  CHECK_THAT(receiver([](auto& each) { each.failures.clear(); }), ContainsSubstring("</span> told</span>"));
  const auto stuck = receiver([](ReceiverView& each) {
    each.queue_length = 2;
    each.oldest_unsent_seconds = 240;
  });
  CHECK_THAT(stuck, ContainsSubstring("pill down"));
  CHECK_THAT(stuck, ContainsSubstring("cannot be told"));
  CHECK_THAT(stuck, ContainsSubstring("2, for 4 min"));
  CHECK_THAT(stuck, ContainsSubstring("timeout 1"));
}

TEST_CASE("a receiver that is just being told is not in trouble") {
  const auto busy = receiver([](ReceiverView& each) { each.queue_length = 1; });
  CHECK_THAT(busy, !ContainsSubstring("cannot be told"));
  CHECK_THAT(busy, ContainsSubstring("being told"));
}

TEST_CASE("nobody to be told is said") {
  Snapshot stack = test::healthy_stack();
  stack.receivers.clear();
  CHECK_THAT(receiver_section(stack).str(), ContainsSubstring("Nobody"));
}

TEST_CASE("the monitor tells how it does itself") {
  Snapshot stack = test::healthy_stack();
  stack.store_wanted = stack.store_ok = true;
  stack.last_persist_at = test::noon() - 8s;
  stack.heartbeat.wanted = stack.heartbeat.last_sent = true;
  stack.heartbeat.last_success_at = test::noon() - 20s;
  stack.heartbeat.successes = 9;
  stack.log_messages["error"] = 3;
  const auto section = self_section(stack).str();
  for (const char* part :
       {"superset-healthd 0.1.0", "3 h 12 min", "kept, last written 8 s ago", "arrives, last 20 s ago",
        "at most 1.00 ms in 99 of 100", "<dt>Errors logged</dt><dd>3</dd>"})
    CHECK_THAT(section, ContainsSubstring(part));
}

TEST_CASE("a monitor that keeps nothing or whose heartbeat fails says so") {
  Snapshot stack = test::healthy_stack();
  CHECK_THAT(self_section(stack).str(), ContainsSubstring("a restart forgets everything"));
  stack.store_wanted = true;
  stack.store_trouble = "the disk is full";
  stack.heartbeat.wanted = true;
  stack.heartbeat.failures = 1;
  stack.heartbeat.trouble = "blind";
  const auto section = self_section(stack).str();
  CHECK_THAT(section, ContainsSubstring("not kept: the disk is full"));
  CHECK_THAT(section, ContainsSubstring("does not arrive; it says: blind"));
}

TEST_CASE("nothing from outside reaches these sections as markup") {
  const Snapshot stack = test::hostile_stack("\"'><script>alert(1)</script>");
  for (const auto& section :
       {lever_section(stack).str(), receiver_section(stack).str(), self_section(stack).str()}) {
    CHECK_THAT(section, !ContainsSubstring("<script"));
    CHECK_THAT(section, !ContainsSubstring("\"'>"));
    CHECK_THAT(section, ContainsSubstring("&lt;script&gt;"));
  }
}

TEST_CASE("a probe's row has its history, and says that it is an effect of something else") {
  Snapshot stack = test::stack_without_postgres();
  stack.probes[2].past_results = test::past({Status::up, Status::down});
  stack.probes[2].suppressed = true;
  const auto section = probe_section(stack).str();
  CHECK_THAT(section, ContainsSubstring("1 up, 1 down"));
  CHECK_THAT(section, ContainsSubstring("as an effect"));
  CHECK_THAT(section, ContainsSubstring("for 4 min"));
}

TEST_CASE("of thousands of probes the page stays of a reasonable size") {
  Snapshot stack = test::healthy_stack();
  stack.probes[0].past_results = test::past(std::vector<Status>(most_past_results, Status::up));
  const auto with_bars = probe_section(stack).str().size();
  stack.probes = std::vector<ProbeView>(1000, stack.probes[0]);
  CHECK(probe_section(stack).str().size() < 1000 * 1000);
  CHECK(with_bars > 7000);
}
