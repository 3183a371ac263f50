#include "exporters/probe_table.hpp"

#include "exporters/history_bars.hpp"
#include "exporters/overview.hpp"
#include "exporters/page.hpp"
#include "exporters/text.hpp"

namespace healthd {
namespace {

/// Of more probes the bars would make the page too large; the numbers stay.
constexpr std::size_t most_drawn = 200;

void add_state_cell(Html& table, const ProbeView& probe, WallTime now) {
  const Look look = look_of(probe.state);
  table.raw("<td data-label=\"State\"><span class=\"pill ")
      .raw(look.style)
      .raw("\"><span aria-hidden=\"true\">");
  table.raw(look.symbol).raw("</span> ").text(look.word).raw("</span>");
  if (probe.since && probe.state != Status::up)
    table.raw(" <span class=\"meta\">for ").text(span(now - *probe.since)).raw("</span>");
  if (probe.suppressed) table.raw(" <span class=\"meta\">as an effect</span>");
  table.raw("</td>\n");
}

void add_evidence(Html& table, const ProbeResult& result) {
  table.raw("<dl>");
  for (const auto& [name, value] : result.evidence)
    table.raw("<div><dt>").text(name).raw("</dt><dd>").text(value).raw("</dd></div>");
  table.raw("</dl>");
}

/// The last result's words; the evidence too where something is wrong.
void add_finding_cell(Html& table, const ProbeView& probe) {
  table.raw("<td data-label=\"Last result\">");
  if (!probe.last) {
    table.raw("<span class=\"quiet\">no result yet</span></td>\n");
    return;
  }
  const ProbeResult& result = probe.last->result;
  if (result.status != Status::up || result.reason != Reason::none) {
    table.raw("<code>").text(to_string(result.status));
    if (result.reason != Reason::none) table.raw(": ").text(to_string(result.reason));
    table.raw("</code> ");
  }
  table.text(result.detail.empty() && result.status == Status::up ? "as it should be" : result.detail);
  if (result.status != Status::up && !result.evidence.empty()) add_evidence(table, result);
  table.raw("</td>\n");
}

void add_history_cell(Html& table, const ProbeView& probe, bool drawn, WallTime now) {
  table.raw("<td data-label=\"History\">");
  if (drawn) table.add(history_bars(probe.past(), now));
  table.raw("<span class=\"meta\">").text(history_in_words(probe.past())).raw("</span></td>\n");
}

/// How long each phase took is folded up: the total says whether to look.
void add_run_cell(Html& table, const ProbeView& probe, WallTime now) {
  table.raw("<td data-label=\"Last run\">");
  if (probe.last) {
    table.raw("<details><summary>").text(span(now - probe.last->at)).raw(" ago, took ");
    table.text(measured(std::chrono::duration<double>(probe.last->took).count()));
    table.raw("</summary><span class=\"phases\">");
    for (std::size_t i = 0; i < phase_count; ++i) {
      const auto phase = static_cast<Phase>(i);
      const auto& seconds = probe.last->result.phases[phase];
      if (seconds)
        table.raw(" <span>").text(to_string(phase)).raw(" ").text(measured(*seconds)).raw("</span>");
    }
    table.raw("</span></details>");
  }
  table.raw("</td>\n");
}

}  // namespace

Html probe_section(const Snapshot& snapshot) {
  Html section;
  begin_section(section, "probes", "Probes");
  section.raw("<table class=\"rows\">\n<thead><tr><th scope=\"col\">Probe</th><th scope=\"col\">State</th>")
      .raw("<th scope=\"col\">Last result</th><th scope=\"col\">History</th><th scope=\"col\">Last run</th>")
      .raw("</tr></thead>\n<tbody>\n");
  const bool drawn = snapshot.probes.size() <= most_drawn;
  for (const ProbeView& probe : snapshot.probes) {
    section.raw("<tr data-key=\"").text(probe.name).raw("\"><th scope=\"row\">").text(probe.name);
    section.raw(" <span class=\"kind\">").text(probe.kind).raw("</span><span class=\"target\">");
    section.text(probe.target).raw("</span></th>\n");
    add_state_cell(section, probe, snapshot.taken_at);
    add_finding_cell(section, probe);
    add_history_cell(section, probe, drawn, snapshot.taken_at);
    add_run_cell(section, probe, snapshot.taken_at);
    section.raw("</tr>\n");
  }
  section.raw("</tbody>\n</table>\n");
  end_section(section);
  return section;
}

}  // namespace healthd
