#include "exporters/incident_list.hpp"

#include <algorithm>

#include "exporters/alert_list.hpp"
#include "exporters/overview.hpp"
#include "exporters/page.hpp"
#include "exporters/text.hpp"

namespace healthd {
namespace {

constexpr std::size_t most_recent = 5;

bool is_open(const Incident& incident) { return !incident.ended_at; }

void add_title_link(Html& line, const Incident& incident) {
  line.raw("<a href=\"/incidents/").text(incident.id).raw("\">").text(incident.title).raw("</a>");
  if (incident.members.empty()) return;
  line.raw(" <span class=\"kind\">").text(value_of(incident.members.front().alert.labels, "probe"));
  line.raw("</span>");
}

void add_members(Html& card, const Incident& incident, Incident::Role role, WallTime now) {
  card.raw("<ul class=\"alert-list\">\n");
  for (const auto& member : incident.members)
    if (member.role == role) add_alert(card, member.alert, now);
  card.raw("</ul>\n");
}

/// Folded up: who is on call looks at the cause first.
void add_folded(Html& card, const Incident& incident, Incident::Role role, Html::Markup name, WallTime now) {
  const auto count = std::ranges::count(incident.members, role, &Incident::Member::role);
  if (count == 0) return;
  card.raw("<details id=\"").raw(name).raw("-").text(incident.id).raw("\"><summary>").number(count);
  if (role == Incident::Role::effect)
    card.raw(count == 1 ? Html::Markup{" effect held back"} : Html::Markup{" effects held back"});
  if (role == Incident::Role::also) card.raw(" more told meanwhile");
  card.raw("</summary>\n");
  add_members(card, incident, role, now);
  card.raw("</details>\n");
}

void add_card(Html& list, const Incident& incident, WallTime now) {
  list.raw("<li data-key=\"").text(incident.id).raw("\"><h3>");
  add_title_link(list, incident);
  list.raw("</h3>\n");
  if (!incident.members.empty()) {
    const auto description = value_of(incident.members.front().alert.annotations, "description");
    if (!description.empty()) list.raw("<p>").text(description).raw("</p>\n");
  }
  list.raw("<p class=\"meta\">Since ").text(clock_time(incident.started_at, now)).raw(" (");
  list.text(span(now - incident.started_at)).raw(")");
  if (incident.acknowledged_by.empty()) {
    list.raw(" · Nobody has taken it on yet");
  } else {
    list.raw(" · Taken on by ").text(incident.acknowledged_by);
  }
  if (!incident.members.empty()) add_runbook_link(list, incident.members.front().alert);
  list.raw(" · <a href=\"/api/v1/incidents/").text(incident.id).raw(".md\">Report</a></p>\n");
  add_folded(list, incident, Incident::Role::effect, "effects", now);
  add_folded(list, incident, Incident::Role::also, "also", now);
  list.raw("</li>\n");
}

void add_row(Html& table, const Incident& incident, WallTime now) {
  table.raw("<tr data-key=\"").text(incident.id).raw("\"><th scope=\"row\">");
  add_title_link(table, incident);
  table.raw("</th>\n<td data-label=\"Began\">").text(full_time(incident.started_at));
  table.raw("</td>\n<td data-label=\"Lasted\">");
  if (is_open(incident)) {
    table.raw("<span class=\"pill down\"><span aria-hidden=\"true\">✕</span> open</span> for ");
    table.text(span(now - incident.started_at));
  } else {
    table.text(span(*incident.ended_at - incident.started_at));
  }
  table.raw("</td>\n<td data-label=\"Taken on by\">");
  table.text(incident.acknowledged_by.empty() ? "nobody" : incident.acknowledged_by).raw("</td></tr>\n");
}

Html table_of(const Snapshot& snapshot) {
  Html table;
  table.raw("<table class=\"rows\">\n<thead><tr><th scope=\"col\">Incident</th><th scope=\"col\">Began</th>")
      .raw("<th scope=\"col\">Lasted</th><th scope=\"col\">Taken on by</th></tr></thead>\n<tbody>\n");
  for (const Incident& incident : snapshot.incidents()) add_row(table, incident, snapshot.taken_at);
  return table.raw("</tbody>\n</table>\n");
}

}  // namespace

Html open_incidents_section(const Snapshot& snapshot) {
  Html section;
  if (std::ranges::none_of(snapshot.incidents(), is_open)) return section;
  begin_section(section, "incidents", "Open incidents");
  section.raw("<ul class=\"cards\">\n");
  for (const Incident& incident : snapshot.incidents())
    if (is_open(incident)) add_card(section, incident, snapshot.taken_at);
  section.raw("</ul>\n");
  end_section(section);
  return section;
}

Html recent_incidents_section(const Snapshot& snapshot) {
  Html list, section;
  std::size_t count = 0;
  for (const Incident& incident : snapshot.incidents()) {
    if (is_open(incident) || count++ >= most_recent) continue;
    list.raw("<li data-key=\"").text(incident.id).raw("\">");
    add_title_link(list, incident);
    list.raw(" <span class=\"meta\">").text(clock_time(incident.started_at, snapshot.taken_at)).raw(", for ");
    list.text(span(*incident.ended_at - incident.started_at)).raw("</span></li>\n");
  }
  if (list.empty()) return section;
  begin_section(section, "recent", "Recent incidents");
  section.raw("<ul class=\"facts\">\n")
      .add(list)
      .raw("</ul>\n<p><a href=\"/incidents/\">All incidents</a></p>\n");
  end_section(section);
  return section;
}

std::string render_incident_list(const Snapshot& snapshot) {
  Html main;
  main.raw(
      "<section class=\"incident-list\" aria-labelledby=\"incidents\">\n<h1 "
      "id=\"incidents\">Incidents</h1>\n");
  if (snapshot.incidents().empty()) {
    main.raw("<p class=\"quiet\">There has been none yet.</p>\n");
  } else {
    main.add(table_of(snapshot));
  }
  add_moment(main, snapshot.taken_at);
  end_section(main);
  const std::string title = "Incidents · " + snapshot.stack;
  const PageFrame frame{.title = title,
                        .stack = snapshot.stack,
                        .here = "/incidents/",
                        .live = true,
                        .icon = overall_status(snapshot)};
  return render_page(frame, main);
}

}  // namespace healthd
