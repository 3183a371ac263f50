#include "exporters/status_page.hpp"

#include "exporters/alert_list.hpp"
#include "exporters/certificates.hpp"
#include "exporters/html.hpp"
#include "exporters/incident_list.hpp"
#include "exporters/monitor_sections.hpp"
#include "exporters/overview.hpp"
#include "exporters/page.hpp"
#include "exporters/probe_table.hpp"
#include "exporters/queue_trend.hpp"
#include "exporters/stack_diagram.hpp"

namespace healthd {
namespace {

/// `data-state` changes only with the state of a part, unlike the sentence, which tells the time as well.
void add_headline(Html& main, const Snapshot& snapshot) {
  const Look look = look_of(overall_status(snapshot));
  main.raw("<section class=\"headline ").raw(look.style).raw("\" aria-label=\"Overall state\" data-state=\"");
  for (const ComponentView& part : snapshot.components)
    if (part.state != Status::up) main.text(part.name).raw(" ").text(to_string(part.state)).raw(" ");
  main.raw("\">\n<h1><span class=\"symbol\" aria-hidden=\"true\">").raw(look.symbol).raw("</span> ");
  main.text(overall_sentence(snapshot)).raw("</h1>\n");
  add_moment(main, snapshot.taken_at);
  end_section(main);
}

}  // namespace

std::string render_status_page(const Snapshot& snapshot) {
  Html main;
  add_headline(main, snapshot);
  add_notices(main, snapshot);
  main.add(open_incidents_section(snapshot)).add(alert_section(snapshot)).add(lever_section(snapshot));
  main.raw("<div class=\"columns\">\n<div>\n");
  begin_section(main, "stack", "The stack");
  main.add(stack_diagram(snapshot));
  end_section(main);
  main.add(certificate_section(snapshot)).add(queue_section(snapshot));
  main.raw("</div>\n<div>\n").add(probe_section(snapshot)).add(receiver_section(snapshot));
  main.add(recent_incidents_section(snapshot)).raw("</div>\n</div>\n").add(self_section(snapshot));
  const std::string title = overall_sentence(snapshot) + " · " + snapshot.stack;
  const PageFrame frame{
      .title = title, .stack = snapshot.stack, .here = "/", .live = true, .icon = overall_status(snapshot)};
  return render_page(frame, main);
}

}  // namespace healthd
