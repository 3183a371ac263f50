// Collects series by the catalogue's names, for metrics*.cpp.
#pragma once

#include <prometheus/metric_family.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "exporters/snapshot.hpp"

namespace healthd {

using MetricLabel = prometheus::ClientMetric::Label;
using MetricLabels = std::vector<MetricLabel>;

class Families {
 public:
  Families();

  /// A name that the catalogue does not have is a bug and throws.
  void add(std::string_view name, double value, const MetricLabels& labels = {});
  void add(std::string_view name, double value, const MetricLabels& labels,
           std::initializer_list<MetricLabel> more);
  void add(std::string_view name, const Histogram& histogram, const MetricLabels& labels = {});

  /// Those that have a series, in the catalogue's order.
  std::vector<prometheus::MetricFamily> take() &&;

 private:
  prometheus::ClientMetric& append(std::string_view name, MetricLabels labels);

  std::vector<prometheus::MetricFamily> families_;
};

/// The part about probes and components, and the part about the daemon itself.
void add_probe_metrics(const Snapshot& snapshot, Families& families);
void add_daemon_metrics(const Snapshot& snapshot, Families& families);

double unix_seconds(std::chrono::system_clock::time_point time);

}  // namespace healthd
