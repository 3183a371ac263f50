#include "exporters/alert_list.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "exporters/page.hpp"

namespace healthd {
namespace {

struct AlertGroup {
  AlertState state;
  Html::Markup heading, style;
};
constexpr std::array alert_groups{AlertGroup{AlertState::firing, "Firing", "firing"},
                                  AlertGroup{AlertState::suppressed, "Held back", "held"},
                                  AlertGroup{AlertState::pending, "Pending: not reported yet", "pending"},
                                  AlertGroup{AlertState::resolved, "Resolved a short while ago", "resolved"}};

std::set<std::string> shown_with_incidents(const Snapshot& snapshot) {
  std::set<std::string> shown;
  for (const Incident& incident : snapshot.incidents()) {
    if (incident.ended_at) continue;
    for (const auto& member : incident.members) shown.insert(fingerprint(member.alert.labels));
  }
  return shown;
}

/// The sign of life is an alert as well, but nothing to look at.
bool is_sign_of_life(const Alert& alert) { return value_of(alert.labels, "severity") == "none"; }

using Alerts = std::vector<const Alert*>;

Alerts alerts_in(const Snapshot& snapshot, AlertState state, const std::set<std::string>& elsewhere) {
  Alerts alerts;
  for (const Alert& alert : snapshot.alerts) {
    if (alert.state != state || is_sign_of_life(alert)) continue;
    if (!elsewhere.contains(fingerprint(alert.labels))) alerts.push_back(&alert);
  }
  std::ranges::sort(alerts, {}, [](const Alert* alert) { return std::tie(alert->starts_at, alert->labels); });
  return alerts;
}

void add_group(Html& section, const AlertGroup& group, const Alerts& alerts, WallTime now) {
  section.raw("<h3>").raw(group.heading).raw("</h3>\n<ul class=\"alert-list ").raw(group.style).raw("\">\n");
  for (const Alert* alert : alerts) add_alert(section, *alert, now);
  section.raw("</ul>\n");
}

void add_times(Html& line, const Alert& alert, WallTime now) {
  if (alert.starts_at == WallTime{}) {  // nobody has been told, so it has not begun
    line.raw("Not long enough to be told");
    return;
  }
  if (alert.ends_at) {
    line.raw("Resolved at ").text(clock_time(*alert.ends_at, now)).raw(" after ");
    line.text(span(*alert.ends_at - alert.starts_at));
    return;
  }
  line.raw("Since ")
      .text(clock_time(alert.starts_at, now))
      .raw(" (")
      .text(span(now - alert.starts_at))
      .raw(")");
}

}  // namespace

std::string_view value_of(const std::map<std::string, std::string>& texts, const std::string& name) {
  const auto found = texts.find(name);
  return found == texts.end() ? std::string_view{} : std::string_view{found->second};
}

void add_runbook_link(Html& line, const Alert& alert) {
  const std::string_view runbook = safe_link(value_of(alert.annotations, "runbook_url"));
  if (runbook.empty()) return;
  line.raw(" · <a href=\"").text(runbook).raw("\">Runbook<span class=\"unseen\"> of ");
  line.text(value_of(alert.labels, "alertname")).raw("</span></a>");
}

void add_alert(Html& list, const Alert& alert, WallTime now) {
  const std::string_view severity = value_of(alert.labels, "severity");
  list.raw("<li data-key=\"").text(fingerprint(alert.labels)).raw("\"><p class=\"what\"><strong>");
  list.text(value_of(alert.labels, "alertname")).raw("</strong> <span class=\"kind\">");
  list.text(value_of(alert.labels, "probe")).raw("</span>");
  if (!severity.empty()) list.raw(" <span class=\"severity\">").text(severity).raw("</span>");
  list.raw("</p>\n<p>").text(value_of(alert.annotations, "summary")).raw("</p>\n");
  const std::string_view description = value_of(alert.annotations, "description");
  if (!description.empty()) list.raw("<p class=\"detail\">").text(description).raw("</p>\n");
  list.raw("<p class=\"meta\">");
  add_times(list, alert, now);
  if (!alert.suppressed_by.empty()) list.raw(" · Held back: ").text(alert.suppressed_by);
  add_runbook_link(list, alert);
  list.raw("</p></li>\n");
}

Html alert_section(const Snapshot& snapshot) {
  const auto elsewhere = shown_with_incidents(snapshot);
  const auto fires = [](const Alert& alert) {
    return alert.state == AlertState::firing && !is_sign_of_life(alert);
  };
  Html groups, section;
  for (const AlertGroup& group : alert_groups) {
    const Alerts alerts = alerts_in(snapshot, group.state, elsewhere);
    if (!alerts.empty()) add_group(groups, group, alerts, snapshot.taken_at);
  }
  if (groups.empty() && !elsewhere.empty()) return section;  // all of them stand with their incidents
  begin_section(section, "alerts", elsewhere.empty() ? Html::Markup{"Alerts"} : Html::Markup{"Other alerts"});
  if (std::ranges::none_of(snapshot.alerts, fires))
    section.raw("<p class=\"quiet\">No alert is firing.</p>\n");
  section.add(groups);
  end_section(section);
  return section;
}

}  // namespace healthd
