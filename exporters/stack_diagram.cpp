#include "exporters/stack_diagram.hpp"

#include <algorithm>
#include <array>

#include "exporters/overview.hpp"
#include "exporters/text.hpp"

namespace healthd {
namespace {

// Drawn for a width of 440 units, so that a phone shows it at about its natural size.
constexpr int box_width = 208;
constexpr int box_height = 74;

struct Box {
  std::string_view component, name, role;
  std::string_view also;  ///< a second component shown by the same box; the worse state counts
  int x, y;
};
constexpr std::array boxes{
    Box{"nginx", "Nginx", "TLS, reverse proxy", "", 116, 66},
    Box{"gunicorn", "Gunicorn", "serves Superset", "superset", 116, 172},
    Box{"postgres", "PostgreSQL", "metadata", "", 6, 288},
    Box{"redis", "Redis", "cache and broker", "", 226, 288},
    Box{"celery", "Celery workers", "queries, reports", "", 6, 404},
    Box{"beat", "Celery Beat", "scheduler", "", 226, 404},
};

constexpr Html::Markup arrows =
    "<g class=\"wires\" marker-end=\"url(#tip)\">"
    "<path d=\"M220 36V64\"/><path d=\"M220 140V170\"/>"
    "<path d=\"M170 246V266H110V286\"/><path d=\"M270 246V266H330V286\"/>"
    "</g><g class=\"wires\" marker-start=\"url(#tip)\">"
    "<path d=\"M300 364V382H110V404\"/><path d=\"M360 364V404\"/></g>\n";

constexpr Html::Markup head =
    "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" "
    "orient=\"auto-start-reverse\"><path class=\"tip\" d=\"M0 0L8 4L0 8z\"/></marker></defs>\n"
    "<g class=\"clients\"><rect x=\"160\" y=\"4\" width=\"120\" height=\"32\" rx=\"16\"/>"
    "<text x=\"220\" y=\"25\" text-anchor=\"middle\">Clients</text></g>\n";

const ComponentView* find(const Snapshot& snapshot, std::string_view name) {
  const auto found = std::ranges::find(snapshot.components, name, &ComponentView::name);
  return found == snapshot.components.end() ? nullptr : &*found;
}

int badness(Status status) {
  constexpr std::array order{Status::up, Status::unknown, Status::degraded, Status::down};
  return static_cast<int>(std::ranges::find(order, status) - order.begin());
}

const ComponentView* shown_by(const Box& box, const Snapshot& snapshot) {
  const ComponentView* first = find(snapshot, box.component);
  const ComponentView* second = box.also.empty() ? nullptr : find(snapshot, box.also);
  if (first == nullptr || second == nullptr) return first != nullptr ? first : second;
  return badness(second->state) > badness(first->state) ? second : first;
}

std::string state_line(const ComponentView& part, WallTime now) {
  std::string line{to_string(part.state)};
  if (part.state != Status::up && part.since) line += " · " + span(now - *part.since);
  return line;
}

/// `<NAME x="…" y="…"`, left open.
void place(Html& svg, Html::Markup opening, int x, int y) {
  svg.raw(opening).raw(" x=\"").number(x).raw("\" y=\"").number(y).raw("\"");
}

void draw(Html& svg, const Box& box, const Snapshot& snapshot) {
  const ComponentView* part = shown_by(box, snapshot);
  svg.raw("<g class=\"part ")
      .raw(part == nullptr ? Html::Markup{"unwatched"} : look_of(part->state).style)
      .raw("\">");
  place(svg, "<rect class=\"box\"", box.x, box.y);
  svg.raw(" width=\"").number(box_width).raw("\" height=\"").number(box_height).raw("\" rx=\"10\"/>");
  place(svg, "<rect class=\"bar\"", box.x, box.y + 12);
  svg.raw(" width=\"5\" height=\"").number(box_height - 24).raw("\" rx=\"2.5\"/>");
  place(svg, "<text class=\"name\"", box.x + 18, box.y + 25);
  svg.raw(">").text(box.name).raw("</text>");
  place(svg, "<text class=\"role\"", box.x + 18, box.y + 43);
  svg.raw(">").text(box.role).raw("</text>");
  place(svg, "<text class=\"state\"", box.x + 18, box.y + 62);
  svg.raw(">");
  if (part == nullptr) {
    svg.raw("not watched");
  } else {
    svg.raw(look_of(part->state).symbol).raw(" ").text(state_line(*part, snapshot.taken_at));
  }
  svg.raw("</text></g>\n");
}

}  // namespace

Html stack_diagram(const Snapshot& snapshot) {
  Html svg;
  svg.raw("<svg class=\"stack\" viewBox=\"0 0 440 484\" role=\"img\" aria-labelledby=\"stack-text\">\n");
  svg.raw("<title id=\"stack-text\">");
  for (const Box& box : boxes) {
    const ComponentView* part = shown_by(box, snapshot);
    svg.text(box.name).raw(": ").text(part == nullptr ? "not watched" : to_string(part->state)).raw(". ");
  }
  svg.raw("</title>\n").raw(head).raw(arrows);
  for (const Box& box : boxes) draw(svg, box, snapshot);
  return svg.raw("</svg>\n");
}

}  // namespace healthd
