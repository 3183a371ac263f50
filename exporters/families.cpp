#include "exporters/families.hpp"

#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "exporters/catalogue.hpp"

namespace healthd {
namespace {

prometheus::MetricType type_of(MetricKind kind) {
  switch (kind) {
    case MetricKind::counter:
      return prometheus::MetricType::Counter;
    case MetricKind::gauge:
      return prometheus::MetricType::Gauge;
    case MetricKind::histogram:
      return prometheus::MetricType::Histogram;
  }
  std::abort();
}

}  // namespace

Families::Families() {
  families_.reserve(metric_catalogue().size());
  for (const Metric& metric : metric_catalogue()) {
    families_.push_back({std::string{metric.name}, std::string{metric.help}, type_of(metric.kind), {}});
  }
}

prometheus::ClientMetric& Families::append(std::string_view name, MetricLabels labels) {
  const std::size_t index = find_metric(name);
  if (index == no_metric) throw std::logic_error{"no such metric: " + std::string{name}};
  prometheus::ClientMetric& series = families_[index].metric.emplace_back();
  series.label = std::move(labels);
  return series;
}

void Families::add(std::string_view name, double value, const MetricLabels& labels) {
  prometheus::ClientMetric& series = append(name, labels);
  series.counter.value = value;
  series.gauge.value = value;
}

void Families::add(std::string_view name, double value, const MetricLabels& labels,
                   std::initializer_list<MetricLabel> more) {
  MetricLabels all;
  all.reserve(labels.size() + more.size());
  all.insert(all.end(), labels.begin(), labels.end());
  all.insert(all.end(), more.begin(), more.end());
  prometheus::ClientMetric& series = append(name, std::move(all));
  series.counter.value = value;
  series.gauge.value = value;
}

void Families::add(std::string_view name, const Histogram& histogram, const MetricLabels& labels) {
  auto& out = append(name, labels).histogram;
  out.sample_count = histogram.total;
  out.sample_sum = histogram.sum;
  out.bucket.reserve(histogram.bounds.size());
  for (std::size_t i = 0; i < histogram.bounds.size(); ++i) {
    out.bucket.push_back({histogram.counts[i], histogram.bounds[i]});
  }
}

std::vector<prometheus::MetricFamily> Families::take() && {
  std::erase_if(families_, [](const prometheus::MetricFamily& family) { return family.metric.empty(); });
  return std::move(families_);
}

double unix_seconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

}  // namespace healthd
