// The one style sheet. No font and no picture is loaded from anywhere. Nothing moves by itself.
#include "exporters/page.hpp"

namespace healthd {
namespace {

constexpr std::string_view css = R"css(:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #ffffff; --ink: #1c2430; --soft: #566173; --line: #dde2e9; --link: #1f5fbf;
  --up: #1a7a48; --up-bg: #e9f6ee; --degraded: #8a5600; --degraded-bg: #fff3d9;
  --down: #b3261e; --down-bg: #fdebe9; --unknown: #56606e; --unknown-bg: #eceff3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #11151b; --card: #1a2028; --ink: #e5e9ef; --soft: #a3aebd; --line: #2e3742; --link: #8ab8ff;
    --up: #62d39a; --up-bg: #14301f; --degraded: #f2bd52; --degraded-bg: #35290f;
    --down: #ff8f85; --down-bg: #3b1a18; --unknown: #a9b4c2; --unknown-bg: #262d37;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
a { color: var(--link); text-underline-offset: 2px; }
a:focus-visible, summary:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 2px; }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", Consolas, monospace; font-size: .88em; }
.unseen { position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
.skip { position: absolute; left: -999em; }
.skip:focus { left: 12px; top: 8px; z-index: 2; background: var(--card); padding: 6px 12px; }
.top, main, .bottom { max-width: 1400px; margin: 0 auto; padding: 0 20px; }
.top { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 4px 24px;
  padding-top: 16px; }
.brand { margin: 0; font-weight: 650; overflow-wrap: anywhere; }
.brand a { color: inherit; text-decoration: none; }
.stack-name { font-weight: 400; color: var(--soft); margin-left: 6px; }
nav { display: flex; flex-wrap: wrap; gap: 2px 16px; }
nav a { padding: 3px 0; }
nav a[aria-current] { color: var(--ink); font-weight: 600; text-decoration-thickness: 2px; }
.stale { position: sticky; top: 0; z-index: 1; background: var(--degraded); color: var(--card); font-weight: 600; }
.stale:not(:empty) { padding: 10px 20px; margin-top: 12px; text-align: center; }
section, article { margin: 16px 0; background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: 16px 20px; }
h1, h2, h3 { line-height: 1.25; margin: 0 0 8px; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; }
h3 { font-size: .95rem; margin-top: 14px; font-weight: 600; }
.quiet, .bottom { color: var(--soft); }
.quiet { margin: 0; }
.meta, .moment { color: var(--soft); font-size: .9rem; }
.notice { border-left: 4px solid var(--degraded); margin: 12px 0; padding: 4px 14px; background: var(--degraded-bg); }
.notice.bad { border-left-color: var(--down); background: var(--down-bg); }
.headline { border-left: 6px solid var(--state); background: var(--state-bg); }
.is-stale .headline { background: var(--unknown-bg); }
.headline h1 { font-size: 1.45rem; margin: 0; }
.headline p { margin: 4px 0 0; font-size: .92rem; color: var(--ink); }
.up { --state: var(--up); --state-bg: var(--up-bg); }
.degraded { --state: var(--degraded); --state-bg: var(--degraded-bg); }
.down { --state: var(--down); --state-bg: var(--down-bg); }
.unknown, .unwatched { --state: var(--unknown); --state-bg: var(--unknown-bg); }
.symbol { color: var(--state); }
.pill { display: inline-block; white-space: nowrap; border-radius: 999px; padding: 1px 10px; font-weight: 600;
  color: var(--state); background: var(--state-bg); }
ul.alert-list, ul.cards, ul.facts, ul.index, ul.queue-list, .timeline ol { list-style: none; margin: 0; padding: 0; }
.alert-list > li, .cards > li { border-left: 4px solid var(--line); padding: 2px 0 2px 14px; margin: 12px 0;
  overflow-wrap: anywhere; }
.alert-list p, .cards p { margin: 0; }
.cards > li, .firing > li { border-color: var(--down); }
.pending > li { border-color: var(--degraded); }
.resolved > li { border-color: var(--up); }
.cards h3 { font-size: 1.05rem; margin: 0; }
.alert-list .detail { color: var(--soft); font-size: .92rem; }
.severity { font-size: .78rem; border: 1px solid currentColor; border-radius: 999px; padding: 1px 9px;
  color: var(--soft); margin-left: 6px; }
details { margin-top: 6px; }
td details { margin: 0; }
summary { cursor: pointer; width: fit-content; padding: 2px 0; }
.facts li, .index li, .queue-list li { padding: 6px 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
.facts li:first-child, .index li:first-child, .queue-list li:first-child { border-top: 0; }
.queue-list li { display: flex; justify-content: space-between; gap: 12px; }
.pairs { display: grid; gap: 2px 20px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr));
  margin: 8px 0; color: inherit; font-size: .92rem; }
.pairs div { display: flex; gap: 8px; }
.pairs dt { color: var(--soft); flex: 0 0 auto; }
.headline .pairs dt { color: var(--ink); }
.evidence { margin: 6px 0; padding-left: 20px; font-family: ui-monospace, "DejaVu Sans Mono", Consolas, monospace;
  font-size: .85rem; overflow-wrap: anywhere; }
.steps { white-space: pre-line; overflow-wrap: anywhere; }
.timeline li { display: flex; gap: 14px; padding: 6px 0; border-top: 1px solid var(--line); }
.timeline li:first-child { border-top: 0; }
.timeline time { flex: 0 0 auto; color: var(--soft); font-variant-numeric: tabular-nums; }
.timeline li span { overflow-wrap: anywhere; min-width: 0; }
.columns { display: grid; grid-template-columns: minmax(0, 23rem) minmax(0, 1fr); gap: 0 16px; align-items: start; }
.columns > div > :first-child { margin-top: 0; }
.columns > div > :last-child { margin-bottom: 0; }
svg.stack { display: block; width: 100%; max-width: 480px; height: auto; margin: 4px auto 0; }
svg text { font-family: inherit; fill: var(--ink); }
.part .box { fill: var(--state-bg); stroke: var(--state); stroke-width: 1.25; }
.part .bar, .part .state { fill: var(--state); }
.part .name { font-size: 16.5px; font-weight: 620; }
.part .role { font-size: 13px; fill: var(--soft); }
.part .state { font-size: 13px; font-weight: 600; }
.part.down .box { stroke-width: 2.5; }
.part.unwatched .box { stroke-dasharray: 5 4; fill: none; }
.part.unwatched .bar { display: none; }
.wires path { fill: none; stroke: var(--soft); stroke-width: 1.5; }
.tip { fill: var(--soft); }
.clients rect { fill: none; stroke: var(--soft); stroke-width: 1.25; }
.clients text { font-size: 14px; fill: var(--soft); }
svg.history { display: block; width: 100%; max-width: 360px; height: 24px; margin: 2px 0 4px; }
svg.history rect { fill: var(--state); }
svg.history .ground { stroke: var(--line); }
svg.trend { display: block; width: 100%; height: 56px; margin: 6px 0 4px; border-bottom: 1px solid var(--line); }
svg.trend .line { fill: none; stroke: var(--link); stroke-width: 2; vector-effect: non-scaling-stroke; }
svg.trend .area { fill: var(--link); opacity: .14; }
table { width: 100%; border-collapse: collapse; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: 9px 14px 9px 0; border-top: 1px solid var(--line);
  overflow-wrap: anywhere; }
td:last-child, th:last-child { padding-right: 0; }
thead th { border-top: 0; color: var(--soft); font-weight: 600; padding-top: 0; white-space: nowrap; }
tbody th { font-weight: 600; }
.probes tbody th { min-width: 9rem; }
.probes td:nth-of-type(2) { min-width: 9rem; }
.probes td:nth-of-type(3) { width: 26%; min-width: 9rem; }
.probes td:last-child { min-width: 11.5rem; }
.pill + .meta { display: block; }
.kind, .target, .phases { font-weight: 400; color: var(--soft); font-size: .85rem; }
.target, .phases { display: block; }
.phases { padding-left: 1.1em; }
.phases span { display: inline-block; margin-right: 6px; white-space: nowrap; }
td dl { margin: 6px 0 0; font-size: .88rem; color: var(--soft); }
td dt, td dd { display: inline; }
dt::after { content: ": "; }
dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
.bottom { font-size: .88rem; padding-bottom: 24px; }
article { max-width: 820px; overflow-wrap: anywhere; }
article h1 { font-size: 1.6rem; margin-top: 4px; }
article h2 { margin-top: 26px; padding-top: 14px; border-top: 1px solid var(--line); font-size: 1.15rem; }
article pre { background: var(--page); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px;
  white-space: pre-wrap; }
article blockquote { margin: 12px 0; padding-left: 14px; border-left: 4px solid var(--line); color: var(--soft); }
.incident-list h1 { font-size: 1.45rem; }
@media (max-width: 1180px) { .columns { grid-template-columns: minmax(0, 1fr); gap: 16px; } }
@media (max-width: 640px) {
  .top, main, .bottom { padding-left: 12px; padding-right: 12px; }
  section, article { padding: 14px; }
  .headline h1 { font-size: 1.2rem; }
  .rows thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table.rows, .rows tbody, .rows tr, .rows th, .rows td { display: block; }
  .rows tr { border-top: 1px solid var(--line); padding: 10px 0; }
  .rows tbody tr:first-child { border-top: 0; padding-top: 0; }
  .rows th, .rows td { border: 0; padding: 2px 0; width: auto; }
  .probes td:nth-of-type(3) { width: auto; }
  .rows td::before { content: attr(data-label) ": "; color: var(--soft); }
  .pill + .meta { display: inline; }
  .rows td > details { display: inline-block; }
  .timeline li { display: block; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
@media print { nav, .skip, .bottom { display: none; } section { break-inside: avoid; } }
)css";

}  // namespace

std::string_view style_sheet() { return css; }

}  // namespace healthd
