#include "exporters/certificates.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "exporters/overview.hpp"
#include "exporters/page.hpp"
#include "exporters/text.hpp"

namespace healthd {
namespace {

using std::chrono::days;

/// A moment that a target claims may be any number; the clock's range is not.
std::optional<WallTime> moment_in(const ProbeView& probe, std::string_view metric) {
  if (!probe.last) return std::nullopt;
  for (const Sample& sample : probe.last->result.samples) {
    if (sample.name != metric || !(sample.value > 0 && sample.value < 9e9)) continue;
    return WallTime{std::chrono::seconds{static_cast<long long>(sample.value)}};
  }
  return std::nullopt;
}

/// As the alerts of the catalogue see it: 21 days and 3 days before the end, or less where its life is short.
Status judge(WallTime end, std::optional<WallTime> begin, WallTime now) {
  using Seconds = std::chrono::duration<double>;
  const Seconds left = end - now;
  const Seconds life = begin ? Seconds{end - *begin} : Seconds{days{365}};
  if (left < std::min(Seconds{days{3}}, life * 0.2)) return Status::down;
  if (left < std::min(Seconds{days{21}}, life * 0.33)) return Status::degraded;
  return Status::up;
}

std::string remaining(WallTime end, WallTime now) {
  if (end <= now) return "expired " + span(now - end) + " ago";
  const auto left = std::chrono::floor<days>(end - now).count();
  return left < 2 ? span(end - now) + " left" : std::to_string(left) + " days left";
}

void add_certificate(Html& list, const ProbeView& probe, WallTime end, WallTime now) {
  const Look look =
      look_of(judge(end, moment_in(probe, "healthd_tls_leaf_not_before_timestamp_seconds"), now));
  list.raw("<li><span class=\"pill ").raw(look.style).raw("\"><span aria-hidden=\"true\">").raw(look.symbol);
  list.raw("</span> ").text(remaining(end, now)).raw("</span> <b>").text(probe.target).raw("</b> ");
  list.raw("<span class=\"meta\">valid until ")
      .text(full_time(end))
      .raw(" (")
      .text(probe.name)
      .raw(")</span></li>\n");
}

}  // namespace

Html certificate_section(const Snapshot& snapshot) {
  Html list, section;
  for (const ProbeView& probe : snapshot.probes) {
    const auto end = moment_in(probe, "healthd_tls_leaf_not_after_timestamp_seconds");
    if (end) add_certificate(list, probe, *end, snapshot.taken_at);
  }
  if (list.empty()) return section;
  begin_section(section, "certificates", "Certificates");
  section.raw("<ul class=\"facts\">\n").add(list).raw("</ul>\n");
  end_section(section);
  return section;
}

}  // namespace healthd
