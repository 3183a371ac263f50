#include "exporters/incident_page.hpp"

#include <algorithm>
#include <string_view>

#include "exporters/alert_list.hpp"
#include "exporters/overview.hpp"
#include "exporters/page.hpp"
#include "exporters/text.hpp"

namespace healthd {
namespace {

void add_fact(Html& list, Html::Markup name, std::string_view value) {
  list.raw("<div><dt>").raw(name).raw("</dt><dd>").text(value).raw("</dd></div>\n");
}

void add_head(Html& main, const Incident& incident, WallTime now) {
  const bool open = !incident.ended_at;
  const Look look = look_of(open ? Status::down : Status::up);
  main.raw("<section class=\"headline ").raw(look.style).raw("\" aria-labelledby=\"title\" data-state=\"");
  main.raw(open ? Html::Markup{"open"} : Html::Markup{"over"}).raw("\">\n<h1 id=\"title\">");
  main.raw("<span class=\"symbol\" aria-hidden=\"true\">").raw(look.symbol).raw("</span> ");
  main.text(incident.title).raw("</h1>\n<dl class=\"pairs\">\n");
  add_fact(main, "State", open ? "open" : "over");
  add_fact(main, "Began", full_time(incident.started_at));
  if (!open) add_fact(main, "Ended", full_time(*incident.ended_at));
  add_fact(main, "Lasted",
           span(incident.ended_at.value_or(now) - incident.started_at) + (open ? " so far" : ""));
  add_fact(main, "Taken on by", incident.acknowledged_by.empty() ? "nobody" : incident.acknowledged_by);
  add_fact(main, "Incident", incident.id);
  main.raw("</dl>\n<p><a href=\"/api/v1/incidents/").text(incident.id).raw(".md\">Report (Markdown)</a> · ");
  main.raw("<a href=\"/api/v1/incidents/").text(incident.id).raw("\">JSON</a></p>\n");
  end_section(main);
}

/// As the daemon noted it, one finding a line.
void add_evidence(Html& main, std::string_view evidence) {
  if (evidence.empty()) return;
  main.raw("<h3>Evidence</h3>\n<ul class=\"evidence\">\n");
  while (!evidence.empty()) {
    const auto end = std::min(evidence.find_first_of(";\n"), evidence.size());
    const auto piece = evidence.substr(0, end);
    evidence.remove_prefix(std::min(end + 1, evidence.size()));
    if (piece.find_first_not_of(" \r") != std::string_view::npos)
      main.raw("<li>").text(piece.substr(piece.find_first_not_of(' '))).raw("</li>\n");
  }
  main.raw("</ul>\n");
}

void add_cause(Html& main, const Incident& incident, WallTime now) {
  begin_section(main, "cause", "Cause");
  for (const auto& [role, alert] : incident.members) {
    if (role != Incident::Role::cause) continue;
    main.raw("<ul class=\"alert-list firing\">\n");
    add_alert(main, alert, now);
    main.raw("</ul>\n");
    add_evidence(main, value_of(alert.annotations, "evidence"));
    const auto steps = value_of(alert.annotations, "first_steps");
    if (!steps.empty()) main.raw("<h3>First steps</h3>\n<p class=\"steps\">").text(steps).raw("</p>\n");
  }
  end_section(main);
}

void add_members(Html& main, const Incident& incident, Incident::Role role, Html::Markup name,
                 Html::Markup heading, WallTime now) {
  begin_section(main, name, heading);
  Html list;
  for (const auto& member : incident.members)
    if (member.role == role) add_alert(list, member.alert, now);
  if (list.empty()) main.raw("<p class=\"quiet\">None.</p>\n");
  if (!list.empty()) main.raw("<ul class=\"alert-list held\">\n").add(list).raw("</ul>\n");
  end_section(main);
}

void add_timeline(Html& main, const Incident& incident, WallTime now) {
  begin_section(main, "timeline", "Timeline");
  main.raw("<ol>\n");
  for (const auto& [at, text] : incident.timeline) {
    main.raw("<li><time datetime=\"").text(rfc3339(at)).raw("\">").text(clock_time(at, now));
    main.raw("</time> <span>").text(text).raw("</span></li>\n");
  }
  main.raw("</ol>\n");
  add_moment(main, now);
  end_section(main);
}

}  // namespace

std::string render_incident(const Incident& incident, const Snapshot& snapshot) {
  const auto now = snapshot.taken_at;
  Html main;
  add_head(main, incident, now);
  add_cause(main, incident, now);
  add_members(main, incident, Incident::Role::effect, "effects", "Effects that were held back", now);
  add_members(main, incident, Incident::Role::also, "also", "Also told meanwhile", now);
  add_timeline(main, incident, now);
  const std::string title = incident.title + " · " + snapshot.stack;
  const PageFrame frame{.title = title,
                        .stack = snapshot.stack,
                        .here = "",
                        .live = true,
                        .icon = incident.ended_at ? Status::up : Status::down};
  return render_page(frame, main);
}

}  // namespace healthd
