#include "daemon/history.hpp"

#include <algorithm>
#include <array>

namespace healthd {
namespace {

double seconds(std::chrono::nanoseconds span) { return std::chrono::duration<double>(span).count(); }

void count_http_class(ProbeView& view, const ProbeResult& result) {
  for (const auto& sample : result.samples) {
    if (sample.name != "healthd_http_response_status_code") continue;
    const int code_class = static_cast<int>(sample.value) / 100;
    ++view.http_classes[code_class == 0 ? "none" : std::to_string(code_class) + "xx"];
  }
}

/// Messages in all queues together; -1 where the probe counts none.
std::int32_t waiting_in(const ProbeResult& result) {
  double sum = -1;
  for (const auto& sample : result.samples)
    if (sample.name == "healthd_celery_queue_length") sum = std::max(sum, 0.0) + sample.value;
  return static_cast<std::int32_t>(std::min(sum, 2e9));
}

/// A new list instead of a change of the old one: snapshots that other threads read share it.
std::shared_ptr<const PastResults> with_one_more(const PastResults& past, const Outcome& outcome) {
  auto made = std::make_shared<PastResults>();
  made->reserve(std::min(past.size() + 1, most_past_results));
  made->assign(past.size() < most_past_results ? past.begin() : past.end() - (most_past_results - 1),
               past.end());
  const auto at = std::chrono::floor<std::chrono::seconds>(outcome.at.time_since_epoch()).count();
  made->push_back({static_cast<std::uint32_t>(at), waiting_in(outcome.result), outcome.result.status});
  return made;
}

}  // namespace

Status worse(Status left, Status right) {
  constexpr std::array order{Status::up, Status::degraded, Status::unknown, Status::down};
  const auto rank = [&order](Status status) { return std::ranges::find(order, status); };
  return rank(left) < rank(right) ? right : left;
}

std::vector<ComponentView> components_of(const std::vector<ProbeView>& probes) {
  std::vector<ComponentView> components;
  for (const auto& probe : probes) {
    auto component = std::ranges::find(components, probe.component, &ComponentView::name);
    if (component == components.end()) {
      components.push_back({probe.component, probe.state, probe.since});
      continue;
    }
    const Status both = worse(component->state, probe.state);
    if (both == probe.state && (component->state != both || probe.since < component->since))
      component->since = probe.since;
    component->state = both;
  }
  return components;
}

void History::add(ProbeView view) {
  view.duration = Histogram{duration_buckets()};
  view.start_lateness = Histogram{lag_buckets()};
  if (view.kind == "nginx" || view.kind == "gunicorn")
    for (const auto* code_class : {"1xx", "2xx", "3xx", "4xx", "5xx", "none"})
      view.http_classes[code_class] = 0;
  go_on(std::move(view));
}

void History::go_on(ProbeView view) {
  index_[view.name] = probes_.size();
  probes_.push_back(std::move(view));
}

void History::on(const Outcome& outcome, std::chrono::nanoseconds lateness) {
  auto& view = find(outcome.probe);
  const auto& result = outcome.result;
  ++view.runs;
  view.duration.observe(seconds(outcome.took));
  view.start_lateness.observe(std::max(0.0, seconds(lateness)));
  if (outcome.delayed) return;  // our own process stalled: it says nothing about the target
  count_http_class(view, result);
  if (result.timed_out_in) ++view.timeouts[static_cast<std::size_t>(*result.timed_out_in)];
  if (result.status == Status::down) {
    ++view.failures[static_cast<std::size_t>(result.reason)];
    ++view.consecutive_failures;
    view.last_failure_at = outcome.at;
  } else if (result.status != Status::unknown) {
    view.consecutive_failures = 0;
    view.last_success_at = outcome.at;
  }
  view.last = outcome;
  view.past_results = with_one_more(view.past(), outcome);
}

void History::skipped(const std::string& probe, std::uint64_t slots) { find(probe).overruns += slots; }

void History::set_state(const std::string& probe, Status state, std::chrono::system_clock::time_point at) {
  auto& view = find(probe);
  if (view.since && view.state == state) return;
  const bool flipped = view.since && (view.state == Status::down) != (state == Status::down);
  if (flipped) ++view.transitions;
  view.state = state;
  view.since = at;
}

bool History::complete() const {
  return std::ranges::all_of(probes_, [](const ProbeView& view) { return view.last.has_value(); });
}

}  // namespace healthd
