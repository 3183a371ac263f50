// Builds and runs probes outside the daemon: from YAML to the outcome of one run.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "probes/kinds.hpp"
#include "probes/net/redis.hpp"  // completes what a Workshop holds
#include "probes/net/resolve.hpp"
#include "probes/net/tls.hpp"
#include "probes/run_probe.hpp"
#include "probes/workshop.hpp"
#include "tests/support/run.hpp"

namespace healthd::test {

class ProbeBench {
 public:
  /// A probe of `kind` called `name`, from its own keys as YAML. See problems() before running it.
  std::unique_ptr<Probe> make(std::string_view kind, const std::string& name, const std::string& keys,
                              Duration interval = std::chrono::seconds{1}) {
    ProbeConfig config;
    config.name = name;
    config.kind = kind;
    config.interval = interval;
    config.options = Options::from_text(keys, name + ".yaml", problems_);
    auto probe = find_kind(kind)->make(config, workshop_);
    config.options.finish();
    return probe;
  }

  ProbeResult run(Probe& probe, Duration timeout = std::chrono::seconds{3}) {
    auto once = run_probe(probe, "probe", timeout, tools_);
    return healthd::test::run(loop_, std::move(once)).result;
  }

  boost::asio::io_context& loop() { return loop_; }
  Tools& tools() { return tools_; }
  Workshop& workshop() { return workshop_; }

  /// What was wrong with the keys, a line each.
  std::string problems() const {
    std::string text;
    for (const auto& problem : problems_.sorted()) text += to_string(problem) + "\n";
    return text;
  }

 private:
  boost::asio::io_context loop_{1};
  Resolver resolver_{loop_.get_executor()};
  TlsContexts contexts_;
  Problems problems_;
  Tools tools_{resolver_, loop_.get_executor()};
  Workshop workshop_{contexts_, "test"};
};

/// The sample called `name` whose first label has the value `label`; nullptr where there is none.
inline const Sample* find_sample(const ProbeResult& result, std::string_view name,
                                 std::string_view label = "") {
  for (const auto& sample : result.samples) {
    const bool fits = label.empty() || (!sample.labels.empty() && sample.labels.front().second == label);
    if (sample.name == name && fits) return &sample;
  }
  return nullptr;
}

/// Its value; nullopt where there is none.
inline std::optional<double> sample_value(const ProbeResult& result, std::string_view name,
                                          std::string_view label = "") {
  const auto* sample = find_sample(result, name, label);
  return sample == nullptr ? std::nullopt : std::optional{sample->value};
}

}  // namespace healthd::test
