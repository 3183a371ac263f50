// The one style sheet. No script, no font and no picture is loaded from anywhere.
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
a:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 2px; }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", Consolas, monospace; font-size: .88em; }
.top, main { max-width: 1240px; margin: 0 auto; padding: 0 20px; }
.top { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 4px 24px;
  padding-top: 16px; }
.brand { margin: 0; font-weight: 650; }
.brand a { color: inherit; text-decoration: none; }
.stack-name { font-weight: 400; color: var(--soft); margin-left: 6px; }
nav a { margin-right: 14px; }
section, article, footer { margin: 16px 0; }
section, article { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 16px 20px; }
h1, h2, h3 { line-height: 1.25; margin: 0 0 8px; }
h2 { font-size: 1.05rem; }
h3 { font-size: .9rem; color: var(--soft); margin-top: 14px; font-weight: 600; }
.quiet, footer, .headline p { color: var(--soft); }
.quiet { margin: 0; }
.headline { border-left-width: 6px; }
.notice { border-left: 4px solid; margin: .6rem 0; padding: .2rem .8rem; }
.headline h1 { font-size: 1.45rem; margin: 0; overflow-wrap: anywhere; }
.headline p { margin: 4px 0 0; font-size: .92rem; }
.up { --state: var(--up); --state-bg: var(--up-bg); }
.degraded { --state: var(--degraded); --state-bg: var(--degraded-bg); }
.down { --state: var(--down); --state-bg: var(--down-bg); }
.unknown, .unwatched { --state: var(--unknown); --state-bg: var(--unknown-bg); }
.headline { border-left-color: var(--state); background: var(--state-bg); }
.headline p { color: var(--ink); }
.symbol { color: var(--state); }
.alerts ul { list-style: none; margin: 0; padding: 0; }
.alerts li { border-left: 4px solid var(--line); padding: 2px 0 2px 14px; margin: 10px 0; overflow-wrap: anywhere; }
.alerts .firing li { border-color: var(--down); }
.alerts .pending li { border-color: var(--degraded); }
.alerts .resolved li { border-color: var(--up); }
.alerts li p { margin: 0; }
.alerts .detail, .alerts .meta { color: var(--soft); font-size: .92rem; }
.severity { font-size: .78rem; border: 1px solid currentColor; border-radius: 999px; padding: 1px 9px;
  color: var(--soft); margin-left: 6px; }
.columns { display: grid; grid-template-columns: minmax(0, 4fr) minmax(0, 8fr); gap: 16px; align-items: start; }
.columns > section { margin: 0; }
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
table { width: 100%; border-collapse: collapse; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: 9px 14px 9px 0; border-top: 1px solid var(--line);
  overflow-wrap: anywhere; }
td:last-child, th:last-child { padding-right: 0; }
thead th { border-top: 0; color: var(--soft); font-weight: 600; padding-top: 0; white-space: nowrap; }
tbody th { font-weight: 600; min-width: 10rem; }
.probes td:nth-of-type(2) { min-width: 10rem; }
.probes td:last-child { min-width: 11.5rem; }
td:nth-of-type(3) { white-space: nowrap; }
.kind, .target, .phases { font-weight: 400; color: var(--soft); font-size: .85rem; }
.target, .phases { display: block; }
.phases span { display: inline-block; margin-right: 6px; white-space: nowrap; }
.pill { display: inline-block; white-space: nowrap; border-radius: 999px; padding: 1px 10px; font-weight: 600;
  color: var(--state); background: var(--state-bg); }
dl { margin: 6px 0 0; font-size: .88rem; color: var(--soft); }
dl div { display: flex; gap: 8px; }
dt::after { content: ":"; }
dd { margin: 0; overflow-wrap: anywhere; }
footer { font-size: .88rem; padding-bottom: 24px; }
article { max-width: 820px; }
article h1 { font-size: 1.6rem; margin-top: 4px; }
article h2 { margin-top: 26px; padding-top: 14px; border-top: 1px solid var(--line); font-size: 1.15rem; }
article pre { background: var(--page); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px;
  overflow-x: auto; }
article table { display: block; overflow-x: auto; }
article blockquote { margin: 12px 0; padding-left: 14px; border-left: 4px solid var(--line); color: var(--soft); }
ul.index { list-style: none; padding: 0; margin: 0; }
ul.index li { padding: 7px 0; border-top: 1px solid var(--line); }
ul.index li:first-child { border-top: 0; }
@media (max-width: 1180px) { .columns { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 640px) {
  .top, main { padding-left: 12px; padding-right: 12px; }
  section, article { padding: 14px; }
  .headline h1 { font-size: 1.2rem; }
  .probes thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .probes table, .probes tbody, .probes tr, .probes th, .probes td { display: block; }
  .probes tr { border-top: 1px solid var(--line); padding: 10px 0; }
  .probes tr:first-child { border-top: 0; padding-top: 0; }
  .probes th, .probes td { border: 0; padding: 2px 0; }
  .probes td::before { content: attr(data-label) ": "; color: var(--soft); }
}
)css";

}  // namespace

std::string_view style_sheet() { return css; }

}  // namespace healthd
