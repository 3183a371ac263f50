#include "exporters/monitor_sections.hpp"

#include <string>

#include "exporters/overview.hpp"
#include "exporters/page.hpp"
#include "exporters/text.hpp"

namespace healthd {
namespace {

/// A message that waits for longer than this is in trouble; retries begin within seconds.
constexpr double slow_delivery = 30;

void add_lever(Html& table, Html::Markup kind, const LeverView& lever, WallTime now) {
  table.raw("<tr data-key=\"").text(lever.id).raw("\"><th scope=\"row\">").raw(kind).raw(" of ");
  table.text(lever.what).raw("</th>\n<td data-label=\"Until\">").text(clock_time(lever.ends_at, now));
  table.raw(" <span class=\"meta\">(").text(span(lever.ends_at - now)).raw(" left)</span></td>\n");
  table.raw("<td data-label=\"By\">").text(lever.author.empty() ? "nobody said" : lever.author);
  table.raw("</td>\n<td data-label=\"Why\">").text(lever.comment.empty() ? "no reason given" : lever.comment);
  table.raw("</td></tr>\n");
}

struct ReceiverLook {
  Look look;
  std::string words;
};

ReceiverLook look_of_receiver(const ReceiverView& receiver) {
  std::uint64_t failures = 0;
  for (const auto& [reason, count] : receiver.failures) failures += count;
  if (receiver.queue_length > 0 && receiver.oldest_unsent_seconds > slow_delivery)
    return {look_of(Status::down), "cannot be told"};
  if (receiver.queue_length > 0) return {look_of(Status::degraded), "being told"};
  if (receiver.last_success_at) return {look_of(Status::up), failures > 0 ? "told, after failures" : "told"};
  return {look_of(Status::unknown), "nothing to tell yet"};
}

void add_receiver(Html& table, const ReceiverView& receiver, WallTime now) {
  const auto [look, words] = look_of_receiver(receiver);
  table.raw("<tr data-key=\"").text(receiver.name).raw("\"><th scope=\"row\">").text(receiver.name);
  table.raw("</th>\n<td data-label=\"State\"><span class=\"pill ")
      .raw(look.style)
      .raw("\"><span aria-hidden=\"true\">");
  table.raw(look.symbol).raw("</span> ").text(words).raw("</span></td>\n<td data-label=\"Waiting\">");
  table.number(static_cast<long long>(receiver.queue_length));
  if (receiver.queue_length > 0) {
    const std::chrono::duration<double> waited{receiver.oldest_unsent_seconds};
    table.raw(", for ").text(span(std::chrono::duration_cast<std::chrono::nanoseconds>(waited)));
  }
  table.raw("</td>\n<td data-label=\"Failures\">");
  if (receiver.failures.empty()) table.raw("none");
  bool first = true;
  for (const auto& [reason, count] : receiver.failures) {
    table.raw(first ? Html::Markup{""} : Html::Markup{", "}).text(reason).raw(" ");
    table.number(static_cast<long long>(count));
    first = false;
  }
  table.raw("</td>\n<td data-label=\"Last told\">");
  if (receiver.last_success_at) table.text(span(now - *receiver.last_success_at)).raw(" ago");
  if (!receiver.last_success_at) table.raw("not yet");
  table.raw("</td></tr>\n");
}

void add_fact(Html& list, Html::Markup name, const std::string& value) {
  list.raw("<div><dt>").raw(name).raw("</dt><dd>").text(value).raw("</dd></div>\n");
}

std::string state_file(const Snapshot& snapshot) {
  if (!snapshot.store_wanted) return "none: a restart forgets everything";
  if (!snapshot.store_ok) return "not kept: " + snapshot.store_trouble;
  if (!snapshot.last_persist_at) return "kept";
  return "kept, last written " + span(snapshot.taken_at - *snapshot.last_persist_at) + " ago";
}

std::string heartbeat(const Snapshot& snapshot) {
  const auto& sent = snapshot.heartbeat;
  if (!sent.wanted) return "not configured";
  std::string text = sent.last_sent                        ? "arrives"
                     : sent.successes + sent.failures == 0 ? "not sent yet"
                                                           : "does not arrive";
  if (sent.last_success_at) text += ", last " + span(snapshot.taken_at - *sent.last_success_at) + " ago";
  if (!sent.trouble.empty()) text += "; it says: " + sent.trouble;
  return text;
}

/// What 99 of 100 timers were late at most.
std::string lateness(const Histogram& lag) {
  if (lag.total == 0) return "not measured yet";
  for (std::size_t i = 0; i < lag.bounds.size() && i < lag.counts.size(); ++i)
    if (static_cast<double>(lag.counts[i]) >= 0.99 * static_cast<double>(lag.total))
      return "at most " + measured(lag.bounds[i]) + " in 99 of 100 cases";
  return "more than " + measured(lag.bounds.back());
}

std::string count_of(const std::map<std::string, std::uint64_t>& counts, const std::string& name) {
  const auto found = counts.find(name);
  return std::to_string(found == counts.end() ? 0 : found->second);
}

void add_unverified(Html& main, const std::vector<UnverifiedView>& unverified) {
  if (unverified.empty()) return;
  main.raw("<p class=\"notice bad\">Certificates are not verified (insecure_skip_verify): ");
  bool first = true;
  for (const auto& [part, name] : unverified) {
    if (!first) main.raw(", ");
    main.text(part == name ? name : part + " " + name);
    first = false;
  }
  main.raw(".</p>\n");
}

}  // namespace

void add_notices(Html& main, const Snapshot& snapshot) {
  if (snapshot.blind)
    main.raw(
        "<p class=\"notice\">The monitor is blind: every target fails, and it can reach nothing else "
        "either.</p>\n");
  add_unverified(main, snapshot.unverified);
  if (!snapshot.maintenances.empty())
    main.raw(
        "<p class=\"notice\">Maintenance is on: <a href=\"#levers\">some alerts are held back</a>.</p>\n");
  if (!snapshot.silences.empty()) {
    main.raw("<p class=\"notice\"><a href=\"#levers\">Silences that are on</a>: ");
    main.number(static_cast<long long>(snapshot.silences.size())).raw(".</p>\n");
  }
  if (snapshot.store_wanted && !snapshot.store_ok)
    main.raw("<p class=\"notice\">Nothing is kept on disk: ").text(snapshot.store_trouble).raw("</p>\n");
}

Html lever_section(const Snapshot& snapshot) {
  Html section;
  if (snapshot.silences.empty() && snapshot.maintenances.empty()) return section;
  begin_section(section, "levers", "Held back by people");
  section.raw("<table class=\"rows\">\n<thead><tr><th scope=\"col\">What</th><th scope=\"col\">Until</th>")
      .raw("<th scope=\"col\">By</th><th scope=\"col\">Why</th></tr></thead>\n<tbody>\n");
  for (const LeverView& lever : snapshot.maintenances)
    add_lever(section, "Maintenance", lever, snapshot.taken_at);
  for (const LeverView& lever : snapshot.silences) add_lever(section, "Silence", lever, snapshot.taken_at);
  section.raw("</tbody>\n</table>\n");
  end_section(section);
  return section;
}

Html receiver_section(const Snapshot& snapshot) {
  Html section;
  begin_section(section, "receivers", "Who is told");
  if (snapshot.receivers.empty()) {
    section.raw("<p class=\"quiet\">Nobody: the configuration has no receiver.</p>\n");
    end_section(section);
    return section;
  }
  section
      .raw("<table class=\"rows\">\n<thead><tr><th scope=\"col\">Receiver</th><th scope=\"col\">State</th>")
      .raw(
          "<th scope=\"col\">Waiting</th><th scope=\"col\">Failures</th><th scope=\"col\">Last "
          "told</th></tr></thead>\n")
      .raw("<tbody>\n");
  for (const ReceiverView& receiver : snapshot.receivers) add_receiver(section, receiver, snapshot.taken_at);
  section.raw("</tbody>\n</table>\n");
  end_section(section);
  return section;
}

Html self_section(const Snapshot& snapshot) {
  Html section;
  begin_section(section, "monitor", "The monitor itself");
  section.raw("<dl class=\"pairs\">\n");
  add_fact(section, "Version", "superset-healthd " + snapshot.version);
  add_fact(section, "Running for", span(snapshot.uptime));
  add_fact(section, "State file", state_file(snapshot));
  add_fact(section, "Heartbeat", heartbeat(snapshot));
  add_fact(section, "Event loop late", lateness(snapshot.loop_lag));
  add_fact(section, "Errors logged", count_of(snapshot.log_messages, "error"));
  add_fact(section, "Warnings logged", count_of(snapshot.log_messages, "warning"));
  section.raw("</dl>\n");
  end_section(section);
  return section;
}

}  // namespace healthd
