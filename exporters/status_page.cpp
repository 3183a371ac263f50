#include "exporters/status_page.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>
#include <vector>

#include "exporters/html.hpp"
#include "exporters/overview.hpp"
#include "exporters/page.hpp"
#include "exporters/stack_diagram.hpp"
#include "exporters/text.hpp"

namespace healthd {
namespace {

std::string_view value_of(const std::map<std::string, std::string>& texts, const std::string& key) {
  const auto found = texts.find(key);
  return found == texts.end() ? std::string_view{} : std::string_view{found->second};
}

void add_headline(Html& main, const Snapshot& snapshot) {
  const Look look = look_of(overall_status(snapshot));
  main.raw("<section class=\"headline ").raw(look.style).raw("\" aria-label=\"Overall state\">\n<h1>");
  main.raw("<span class=\"symbol\" aria-hidden=\"true\">").raw(look.symbol).raw("</span> ");
  main.text(overall_sentence(snapshot))
      .raw("</h1>\n<p>As of <time datetime=\"")
      .text(rfc3339(snapshot.taken_at));
  main.raw("\">").text(full_time(snapshot.taken_at)).raw("</time>. Refreshes itself.</p>\n</section>\n");
}

struct AlertGroup {
  AlertState state;
  Html::Markup heading, style;
};
constexpr std::array alert_groups{AlertGroup{AlertState::firing, "Firing", "firing"},
                                  AlertGroup{AlertState::suppressed, "Held back", "held"},
                                  AlertGroup{AlertState::pending, "Pending: not reported yet", "pending"},
                                  AlertGroup{AlertState::resolved, "Resolved a short while ago", "resolved"}};

void add_runbook(Html& main, const Alert& alert) {
  const std::string_view runbook = safe_link(value_of(alert.annotations, "runbook_url"));
  if (!runbook.empty()) main.raw(" · <a href=\"").text(runbook).raw("\">Runbook</a>");
}

void add_alert(Html& main, const Alert& alert, WallTime now) {
  const std::string_view severity = value_of(alert.labels, "severity");
  main.raw("<li><p class=\"what\"><strong>").text(value_of(alert.labels, "alertname")).raw("</strong>");
  if (!severity.empty()) main.raw(" <span class=\"severity\">").text(severity).raw("</span>");
  main.raw("</p>\n<p>").text(value_of(alert.annotations, "summary")).raw("</p>\n");
  const std::string_view description = value_of(alert.annotations, "description");
  if (!description.empty()) main.raw("<p class=\"detail\">").text(description).raw("</p>\n");
  main.raw("<p class=\"meta\">");
  if (alert.ends_at) {
    main.raw("Resolved at ").text(clock_time(*alert.ends_at, now)).raw(" after ");
    main.text(span(*alert.ends_at - alert.starts_at));
  } else {
    main.raw("Since ")
        .text(clock_time(alert.starts_at, now))
        .raw(" (")
        .text(span(now - alert.starts_at))
        .raw(")");
  }
  if (!alert.suppressed_by.empty()) main.raw(" · Held back: ").text(alert.suppressed_by);
  add_runbook(main, alert);
  main.raw("</p></li>\n");
}

void add_incident(Html& main, const Incident& incident, WallTime now) {
  const auto effects = std::ranges::count(incident.members, Incident::Role::effect, &Incident::Member::role);
  main.raw("<li><p class=\"what\"><strong>")
      .text(incident.title)
      .raw("</strong></p>\n<p class=\"meta\">Since ");
  main.text(clock_time(incident.started_at, now)).raw(" (").text(span(now - incident.started_at)).raw(")");
  if (effects == 1) main.raw(" · 1 effect held back");
  if (effects > 1) main.raw(" · ").number(effects).raw(" effects held back");
  if (!incident.acknowledged_by.empty()) main.raw(" · Taken on by ").text(incident.acknowledged_by);
  if (!incident.members.empty()) add_runbook(main, incident.members.front().alert);
  main.raw(" · <a href=\"/api/v1/incidents/").text(incident.id).raw(".md\">Report</a></p></li>\n");
}

void add_incidents(Html& main, const Snapshot& snapshot) {
  const auto is_open = [](const Incident& incident) { return !incident.ended_at; };
  if (std::ranges::none_of(snapshot.incidents(), is_open)) return;
  main.raw(
      "<section class=\"alerts\" aria-labelledby=\"incidents\">\n<h2 id=\"incidents\">Open incidents</h2>\n");
  main.raw("<ul class=\"firing\">\n");
  for (const Incident& incident : snapshot.incidents())
    if (is_open(incident)) add_incident(main, incident, snapshot.taken_at);
  main.raw("</ul>\n</section>\n");
}

/// What people should know about the daemon before they believe the page.
void add_notices(Html& main, const Snapshot& snapshot) {
  if (snapshot.blind)
    main.raw(
        "<p class=\"notice\">The monitor is blind: every target fails, and it can reach nothing else "
        "either.</p>\n");
  if (snapshot.maintenance)
    main.raw("<p class=\"notice\">Maintenance is on: some alerts are held back.</p>\n");
  if (snapshot.silences > 0) {
    main.raw("<p class=\"notice\">Silences that are on: ").number(static_cast<long long>(snapshot.silences));
    main.raw(".</p>\n");
  }
  if (snapshot.store_wanted && !snapshot.store_ok)
    main.raw("<p class=\"notice\">Nothing is kept on disk: ").text(snapshot.store_trouble).raw("</p>\n");
}

void add_alerts(Html& main, const Snapshot& snapshot) {
  main.raw("<section class=\"alerts\" aria-labelledby=\"alerts\">\n<h2 id=\"alerts\">Alerts</h2>\n");
  if (std::ranges::find(snapshot.alerts, AlertState::firing, &Alert::state) == snapshot.alerts.end()) {
    main.raw("<p class=\"quiet\">No alert is firing.</p>\n");
  }
  for (const AlertGroup& group : alert_groups) {
    std::vector<const Alert*> alerts;
    for (const Alert& alert : snapshot.alerts) {
      if (alert.state == group.state) alerts.push_back(&alert);
    }
    if (alerts.empty()) continue;
    std::ranges::sort(alerts, {},
                      [](const Alert* alert) { return std::tie(alert->starts_at, alert->labels); });
    main.raw("<h3>").raw(group.heading).raw("</h3>\n<ul class=\"").raw(group.style).raw("\">\n");
    for (const Alert* alert : alerts) add_alert(main, *alert, snapshot.taken_at);
    main.raw("</ul>\n");
  }
  main.raw("</section>\n");
}

void add_state_cell(Html& main, const ProbeView& probe) {
  const Look look = look_of(probe.state);
  main.raw("<td data-label=\"State\"><span class=\"pill ")
      .raw(look.style)
      .raw("\"><span aria-hidden=\"true\">");
  main.raw(look.symbol).raw("</span> ").text(look.word).raw("</span></td>\n");
}

/// The last result's words; the evidence too where something is wrong.
void add_finding_cell(Html& main, const ProbeView& probe) {
  main.raw("<td data-label=\"Last result\">");
  if (!probe.last) {
    main.raw("<span class=\"quiet\">no result yet</span></td>\n");
    return;
  }
  const ProbeResult& result = probe.last->result;
  if (result.status != Status::up || result.reason != Reason::none) {
    main.raw("<code>").text(to_string(result.status));
    if (result.reason != Reason::none) main.raw(": ").text(to_string(result.reason));
    main.raw("</code> ");
  }
  main.text(result.detail);
  if (result.status != Status::up && !result.evidence.empty()) {
    main.raw("<dl>");
    for (const auto& [name, value] : result.evidence) {
      main.raw("<div><dt>").text(name).raw("</dt><dd>").text(value).raw("</dd></div>");
    }
    main.raw("</dl>");
  }
  main.raw("</td>\n");
}

void add_timing_cells(Html& main, const ProbeView& probe, WallTime now) {
  main.raw("<td data-label=\"Last run\">");
  if (probe.last) main.text(span(now - probe.last->at)).raw(" ago");
  main.raw("</td>\n<td data-label=\"Took\">");
  if (probe.last) {
    main.text(measured(std::chrono::duration<double>(probe.last->took).count()))
        .raw("<span class=\"phases\">");
    for (std::size_t i = 0; i < phase_count; ++i) {
      const auto phase = static_cast<Phase>(i);
      const auto& seconds = probe.last->result.phases[phase];
      if (seconds)
        main.raw(" <span>").text(to_string(phase)).raw(" ").text(measured(*seconds)).raw("</span>");
    }
    main.raw("</span>");
  }
  main.raw("</td>\n");
}

void add_probes(Html& main, const Snapshot& snapshot) {
  main.raw(
          "<section class=\"probes\" aria-labelledby=\"probes\">\n<h2 "
          "id=\"probes\">Probes</h2>\n<table>\n<thead><tr>")
      .raw("<th scope=\"col\">Probe</th><th scope=\"col\">State</th><th scope=\"col\">Last result</th>")
      .raw("<th scope=\"col\">Last run</th><th scope=\"col\">Took</th></tr></thead>\n<tbody>\n");
  for (const ProbeView& probe : snapshot.probes) {
    main.raw("<tr><th scope=\"row\">").text(probe.name).raw(" <span class=\"kind\">").text(probe.kind);
    main.raw("</span><span class=\"target\">").text(probe.target).raw("</span></th>\n");
    add_state_cell(main, probe);
    add_finding_cell(main, probe);
    add_timing_cells(main, probe, snapshot.taken_at);
    main.raw("</tr>\n");
  }
  main.raw("</tbody>\n</table>\n</section>\n");
}

}  // namespace

std::string render_status_page(const Snapshot& snapshot) {
  Html main;
  add_headline(main, snapshot);
  add_notices(main, snapshot);
  add_incidents(main, snapshot);
  add_alerts(main, snapshot);
  main.raw("<div class=\"columns\">\n<section aria-labelledby=\"stack\">\n<h2 id=\"stack\">The stack</h2>\n");
  main.add(stack_diagram(snapshot)).raw("</section>\n");
  add_probes(main, snapshot);
  main.raw("</div>\n<footer><p>superset-healthd ").text(snapshot.version).raw(", running for ");
  main.text(span(snapshot.uptime)).raw(". Machines read <a href=\"/metrics\">/metrics</a>, ");
  main.raw(
          "<a href=\"/api/v1/status\">/api/v1/status</a>, <a href=\"/api/v1/alerts\">/api/v1/alerts</a> and ")
      .raw("<a href=\"/api/v1/incidents\">/api/v1/incidents</a>.")
      .raw("</p></footer>\n");
  const std::string title = overall_sentence(snapshot) + " · " + snapshot.stack;
  return render_page({.title = title, .stack = snapshot.stack, .refreshes = true}, main);
}

}  // namespace healthd
