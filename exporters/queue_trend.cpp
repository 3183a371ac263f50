#include "exporters/queue_trend.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "exporters/page.hpp"
#include "exporters/text.hpp"

namespace healthd {
namespace {

constexpr int width = 356;
constexpr int height = 56;
constexpr int lowest = height - 3;  ///< where the curve runs while nothing waits

/// Results that counted queues; others say nothing about them.
PastResults counted(const ProbeView& probe) {
  PastResults some;
  std::ranges::copy_if(probe.past(), std::back_inserter(some),
                       [](const PastResult& result) { return result.waiting >= 0; });
  return some;
}

std::int32_t peak_of(const PastResults& results) {
  return std::ranges::max(results, {}, &PastResult::waiting).waiting;
}

std::string in_words(const PastResults& results) {
  const auto now = results.back().waiting;
  std::string text = std::to_string(now) + (now == 1 ? " message waits" : " messages wait") + "; at most ";
  text += std::to_string(peak_of(results)) + " in the last ";
  return text + span(results.back().time() - results.front().time());
}

void add_points(Html& svg, const PastResults& results) {
  const double peak = std::max(peak_of(results), 1);
  const auto last = static_cast<double>(results.size() - 1);
  for (std::size_t i = 0; i < results.size(); ++i) {
    const double x = last > 0 ? static_cast<double>(i) * width / last : width;
    const double y = lowest - results[i].waiting / peak * (lowest - 3);
    svg.raw(i == 0 ? Html::Markup{""} : Html::Markup{" "})
        .number(std::lround(x))
        .raw(",")
        .number(std::lround(y));
  }
}

void add_curve(Html& section, const PastResults& results) {
  section.raw("<svg class=\"trend\" viewBox=\"0 0 ").number(width).raw(" ").number(height);
  section.raw("\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Trend: ").text(in_words(results));
  section.raw("\"><polyline class=\"area\" points=\"0,").number(height).raw(" ");
  add_points(section, results);
  section.raw(" ").number(width).raw(",").number(height).raw("\"/><polyline class=\"line\" points=\"");
  add_points(section, results);
  section.raw("\"/></svg>\n");
}

void add_queues(Html& section, const ProbeView& probe) {
  section.raw("<ul class=\"queue-list\">\n");
  for (const Sample& sample : probe.last->result.samples) {
    if (sample.name != "healthd_celery_queue_length") continue;
    section.raw("<li>");
    for (const auto& [label, value] : sample.labels) section.text(value).raw(" ");
    section.raw("<b>").number(std::lround(sample.value)).raw("</b></li>\n");
  }
  section.raw("</ul>\n");
}

}  // namespace

Html queue_section(const Snapshot& snapshot) {
  Html all;
  for (const ProbeView& probe : snapshot.probes) {
    const PastResults results = counted(probe);
    if (results.empty()) continue;
    all.raw("<h3>").text(probe.name).raw("</h3>\n");
    add_curve(all, results);
    all.raw("<p class=\"meta\">").text(in_words(results)).raw(".</p>\n");
    if (probe.last) add_queues(all, probe);
  }
  Html section;
  if (all.empty()) return section;
  begin_section(section, "queues", "Celery queues");
  section.add(all);
  end_section(section);
  return section;
}

}  // namespace healthd
