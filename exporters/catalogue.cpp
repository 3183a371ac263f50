#include "exporters/catalogue.hpp"

#include <algorithm>
#include <cctype>
#include <set>
#include <unordered_map>
#include <utility>

#include "exporters/text.hpp"

namespace healthd {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

std::unordered_map<std::string_view, std::size_t> make_index() {
  std::unordered_map<std::string_view, std::size_t> index;
  for (std::size_t i = 0; i < metric_catalogue().size(); ++i) index.emplace(metric_catalogue()[i].name, i);
  return index;
}

bool may_come_from_a_probe(std::string_view name) {
  const std::size_t index = find_metric(name);
  return index != no_metric && metric_catalogue()[index].source == MetricSource::probe;
}

bool is_label_name(std::string_view name) {
  const auto fits = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
         !name.starts_with("__") && std::ranges::all_of(name, fits);
}

/// The exporter adds these itself.
bool is_reserved(std::string_view name) {
  return name == "stack" || name == "probe" || name == "component" || name == "kind";
}

/// Cleans the values and sorts by name; false where the names cannot be labels.
bool tidy(Labels& labels) {
  for (auto& [name, value] : labels) {
    if (!is_label_name(name) || is_reserved(name)) return false;
    value = clean_utf8(value, max_label_bytes);
  }
  std::ranges::sort(labels);
  const auto same_name = [](const auto& a, const auto& b) { return a.first == b.first; };
  return std::ranges::adjacent_find(labels, same_name) == labels.end();
}

}  // namespace

std::size_t find_metric(std::string_view name) {
  static const auto index = make_index();
  const auto found = index.find(name);
  return found == index.end() ? no_metric : found->second;
}

void admit_samples(std::vector<Sample>& samples, DroppedSeries& dropped) {
  std::map<std::string_view, std::set<Labels>> seen;
  std::vector<Sample> kept;
  kept.reserve(samples.size());
  for (Sample& sample : samples) {
    if (!may_come_from_a_probe(sample.name)) {
      ++dropped["unknown"];
      continue;
    }
    const auto& metric = metric_catalogue()[find_metric(sample.name)];
    auto& label_sets = seen[metric.name];
    const bool fits = label_sets.size() < max_samples_per_name * metric.states && tidy(sample.labels);
    if (fits && label_sets.insert(sample.labels).second) {
      kept.push_back(std::move(sample));
    } else {
      ++dropped[sample.name];
    }
  }
  samples = std::move(kept);
}

}  // namespace healthd
