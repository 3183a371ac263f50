// Datagrams that anybody may send.
#include "probes/statsd.hpp"

#include <array>
#include <charconv>

#include "tests/fuzz/fuzz.hpp"

namespace healthd {
namespace {

using fuzz::must;

std::string printed(double number) {
  std::array<char, 64> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  return {text.data(), end};
}

void check_line(std::string_view text) {
  const auto line = parse_statsd_line(text);
  if (!line) return;
  must(std::isfinite(line->value) && line->rate > 0 && line->rate <= 1, "a line's numbers are numbers");
  if (line->type == StatsdLine::Type::other) return;
  constexpr std::array types{"c", "g", "ms"};
  const auto again = std::string{line->name} + ":" + printed(line->value) + "|" +
                     types.at(static_cast<std::size_t>(line->type)) + "|@" + printed(line->rate);
  const auto reread = parse_statsd_line(again);
  must(reread && reread->name == line->name && reread->type == line->type && reread->value == line->value &&
           reread->rate == line->rate,
       "a line survives being printed");
}

ProbeResult report_of(const StatsdCounters& counters) {
  ProbeResult result;
  counters.report(result);
  return result;
}

double lines_of(const ProbeResult& result) {
  double lines = 0;
  for (const auto& sample : result.samples)
    if (sample.name == "healthd_statsd_packets_total") lines += sample.value;
  return lines;
}

/// Of the histogram every bucket holds those before it, and nothing is lost.
void check_report(const ProbeResult& result) {
  must(result.samples.size() <= 17 && result.histograms.size() == 2, "no series comes of what is sent");
  for (const auto& sample : result.samples) must(sample.value >= 0, "nothing counts backwards");
  fuzz::must_be_finite(result.samples);
  const auto& histogram = result.histograms.front().histogram;
  must(std::ranges::is_sorted(histogram.counts) && histogram.counts.back() <= histogram.total,
       "buckets are cumulative");
  must(std::isfinite(histogram.sum) && histogram.sum >= 0, "the sum is a sum");
}

void check_datagram(std::string_view datagram, std::string_view prefix, bool cut) {
  StatsdCounters whole{prefix};
  whole.take("gunicorn.workers:3|g");
  whole.take(datagram, cut);
  const auto report = report_of(whole);
  check_report(report);
  if (cut) return;
  StatsdCounters single{prefix};
  single.take("gunicorn.workers:3|g");
  double lines = 1;
  for (auto line : fuzz::split(datagram, '\n')) {
    single.take(line);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) ++lines;
    check_line(line);
  }
  must(lines_of(report) == lines, "each line has one outcome");
  const auto other = report_of(single);
  must(std::ranges::equal(report.samples, other.samples, {}, &Sample::value, &Sample::value),
       "how lines are packed does not matter");
}

}  // namespace
}  // namespace healthd

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = healthd::fuzz::as_text(data, size);
  healthd::check_datagram(text, "", false);
  healthd::check_datagram(text, "", true);
  healthd::check_datagram(text, "bi..", false);
  return 0;
}
