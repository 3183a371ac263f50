#include "exporters/history_bars.hpp"

#include <algorithm>
#include <cstdlib>

#include "exporters/overview.hpp"

namespace healthd {
namespace {

constexpr int pitch = 4;
constexpr int bar_width = 3;
constexpr int full_height = 24;
constexpr std::size_t most_told = 5;

int height_of(Status status) {
  switch (status) {
    case Status::up:
      return 10;
    case Status::degraded:
      return 17;
    case Status::down:
      return full_height;
    case Status::unknown:
      return 4;
  }
  std::abort();
}

/// The newest results that were not up, with their times.
std::string troubles(const PastResults& past, WallTime now) {
  std::string text;
  std::size_t told = 0;
  for (auto result = past.rbegin(); result != past.rend() && told < most_told; ++result) {
    if (result->status == Status::up) continue;
    text += (told++ == 0 ? ": " : ", ") + std::string{to_string(result->status)} + " at " +
            clock_time(result->time(), now);
  }
  return text;
}

void add_bar(Html& svg, const PastResult& result, int x, WallTime now) {
  const int height = height_of(result.status);
  svg.raw("<rect class=\"").raw(look_of(result.status).style).raw("\" x=\"").number(x);
  svg.raw("\" y=\"").number(full_height - height).raw("\" width=\"").number(bar_width);
  svg.raw("\" height=\"").number(height).raw("\"><title>").text(clock_time(result.time(), now));
  svg.raw(": ").text(to_string(result.status)).raw("</title></rect>");
}

}  // namespace

std::string history_in_words(const PastResults& past) {
  std::string text;
  for (const Status status : {Status::up, Status::degraded, Status::down, Status::unknown}) {
    const auto count = std::ranges::count(past, status, &PastResult::status);
    if (count == 0) continue;
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + std::string{to_string(status)};
  }
  return text;
}

Html history_bars(const PastResults& past, WallTime now) {
  constexpr int width = pitch * static_cast<int>(most_past_results);
  Html svg;
  svg.raw("<svg class=\"history\" viewBox=\"0 0 ").number(width).raw(" ").number(full_height);
  svg.raw("\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Of the last ");
  svg.number(static_cast<long long>(past.size())).raw(" results ").text(history_in_words(past));
  svg.text(troubles(past, now)).raw("\">");
  svg.raw("<path class=\"ground\" d=\"M0 23.5H").number(width).raw("\"/>");
  int x = width - pitch * static_cast<int>(past.size());
  for (const PastResult& result : past) {
    add_bar(svg, result, x, now);
    x += pitch;
  }
  return svg.raw("</svg>\n");
}

}  // namespace healthd
