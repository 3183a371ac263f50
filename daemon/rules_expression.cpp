#include "daemon/rules_expression.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace healthd {
namespace {

using Pair = std::pair<std::string, std::string>;

std::string number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.12g", value);
  return text.data();
}

std::string span(Duration length) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(length).count()) + "s";
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : "|") + word;
  return text;
}

/// Writes the pieces of one expression.
class Writer {
 public:
  Writer(const AlertRule& rule, const RulesContext& context)
      : rule_{rule}, context_{context}, own_{rule.component == "healthd"} {}

  /// The labels that an alert keeps. What the daemon says of itself has no probe; the rule adds those.
  std::string labels() const {
    if (own_) return rule_.label;
    return "stack, component, probe" + (rule_.label.empty() ? "" : ", " + rule_.label);
  }

  std::string series(const std::string& metric, const Pair& match = {},
                     const std::string& operation = "=") const {
    std::vector<std::string> matchers;
    if (!own_ && rule_.component != "any") matchers.push_back("component=\"" + rule_.component + "\"");
    if (!match.first.empty()) matchers.push_back(match.first + operation + "\"" + match.second + "\"");
    if (rule_.server_wide && !context_.silent.empty())
      matchers.push_back("probe!~\"" + joined(context_.silent) + "\"");
    std::string inside;
    for (const auto& each : matchers) inside += (inside.empty() ? "" : ",") + each;
    return inside.empty() ? metric : metric + "{" + inside + "}";
  }

  /// Over all daemons that watch the same.
  std::string one(const char* how, const std::string& inner) const {
    return std::string{how} + " by (" + labels() + ") (" + inner + ")";
  }
  /// The series of one daemon taken together.
  std::string sum(const std::string& inner) const {
    const auto kept = labels();
    return one("max", "sum by (instance" + (kept.empty() ? "" : ", " + kept) + ") (" + inner + ")");
  }
  std::string increase(const std::string& metric, const Pair& match = {}) const {
    return sum("increase(" + series(metric, match) + "[" + span(rule_.signal.over) + "])");
  }
  std::string threshold() const {
    return rule_.above ? " > " + number(*rule_.above) : " < " + number(rule_.below.value_or(0));
  }

  const AlertRule& rule_;
  const RulesContext& context_;
  bool own_;
};

std::string check(const Writer& write) {
  const auto& signal = write.rule_.signal;
  auto text =
      write.one("min", write.series("healthd_probe_check_success", {"check", signal.check}, "=~")) + " == 0";
  if (!signal.except.empty())
    text += " unless " +
            write.one("max", write.series("healthd_probe_reason", {"reason", joined(signal.except)}, "=~"));
  return text;
}

std::string value(const Writer& write) {
  const auto& rule = write.rule_;
  const auto& signal = rule.signal;
  auto text =
      write.one(rule.above ? "max" : "min", write.series(signal.metric, signal.match)) + write.threshold();
  if (!signal.only_with.first.empty())
    text += " and " + write.one("max", write.series(signal.only_with.first)) +
            " == " + number(signal.only_with.second);
  return text;
}

std::string ratio(const Writer& write) {
  const auto& signal = write.rule_.signal;
  auto whole = write.sum(write.series(signal.of));
  if (!signal.minus.empty()) whole = "(" + whole + " - " + write.sum(write.series(signal.minus)) + ")";
  return write.sum(write.series(signal.metric)) + " / (" + whole + " > 0)" + write.threshold();
}

std::string age(const Writer& write) {
  const auto& rule = write.rule_;
  const auto& signal = rule.signal;
  auto text = "time() - " + write.one("min", write.series(signal.metric));
  if (signal.times.empty()) {
    text += write.threshold();
  } else {
    text += " > " + number(rule.above.value_or(0)) + " * " + write.one("max", write.series(signal.times));
  }
  if (!signal.unless_falling.empty()) {
    const auto length = write.series(signal.unless_falling);
    text += " unless " + write.one("max", length) + " < " + write.one("max", length + " offset 15m");
  }
  return text;
}

std::string remaining(const Writer& write) {
  const auto& rule = write.rule_;
  const auto& signal = rule.signal;
  const auto end = write.one("min", write.series(signal.metric));
  auto text = end + " - time()" + write.threshold();
  if (rule.below_share > 0)
    text += " and " + end + " - time() < " + number(rule.below_share) + " * (" + end + " - " +
            write.one("min", write.series(signal.since)) + ")";
  return text;
}

std::string reason(const Writer& write) {
  return write.one("max", write.series("healthd_probe_reason", {"reason", joined(write.rule_.signal.reasons)},
                                       "=~")) +
         " == 1";
}

std::string increase(const Writer& write) {
  const auto& signal = write.rule_.signal;
  auto text = write.increase(signal.metric, signal.match);
  if (!signal.minus.empty()) text = "(" + text + " - " + write.increase(signal.minus) + ")";
  if (signal.per_second) text += " / " + number(std::chrono::duration<double>(signal.over).count());
  text += write.threshold();
  if (!signal.unless.first.empty())
    text += " unless " + write.increase(signal.metric, signal.unless) + " > 0";
  return text;
}

std::string share(const Writer& write) {
  const auto& signal = write.rule_.signal;
  const auto whole = write.increase(signal.of);
  auto text = write.increase(signal.metric, signal.match) + " / (" + whole + " > 0)" + write.threshold();
  if (signal.at_least > 0)
    text += " and " + whole + " / " + number(std::chrono::duration<double>(signal.over).count()) +
            " >= " + number(signal.at_least);
  return text;
}

std::string quantile(const Writer& write) {
  const auto& signal = write.rule_.signal;
  const auto kept = write.labels();
  return "histogram_quantile(" + number(signal.quantile) + ", sum by (le" +
         (kept.empty() ? "" : ", " + kept) + ") (rate(" + write.series(signal.metric + "_bucket") + "[" +
         span(signal.over) + "])))" + write.threshold();
}

std::string flips(const Writer& write) {
  return write.one("max", "changes(" + write.series("healthd_probe_success") + "[" +
                              span(write.rule_.signal.over) + "])") +
         write.threshold();
}

std::string count(const Writer& write) {
  return write.one("max", "count by (instance, " + write.labels() + ") (" +
                              write.series(write.rule_.signal.metric) + ")") +
         write.threshold();
}

/// The last time that a probe could tell anything.
std::string stale(const Writer& write) {
  return "time() - " +
         write.one("max", "{__name__=~\"healthd_probe_last_(success|failure)_timestamp_seconds\"}") +
         " > clamp_min(3 * " + write.one("max", write.series("healthd_probe_interval_seconds")) + " + " +
         write.one("max", write.series("healthd_probe_timeout_seconds")) + ", 60)";
}

std::string of_kind(const Writer& write) {
  switch (write.rule_.signal.kind) {
    case Signal::Kind::check:
      return check(write);
    case Signal::Kind::value:
      return value(write);
    case Signal::Kind::ratio:
      return ratio(write);
    case Signal::Kind::age:
      return age(write);
    case Signal::Kind::remaining:
      return remaining(write);
    case Signal::Kind::reason:
      return reason(write);
    case Signal::Kind::increase:
      return increase(write);
    case Signal::Kind::share:
      return share(write);
    case Signal::Kind::quantile:
      return quantile(write);
    case Signal::Kind::flips:
      return flips(write);
    case Signal::Kind::count:
      return count(write);
    case Signal::Kind::always:
      return "vector(1)";
    case Signal::Kind::stale:
      return stale(write);
  }
  std::abort();
}

}  // namespace

std::string promql(const AlertRule& rule, const RulesContext& context) {
  // Nobody who is down can say so: only the scrape shows it.
  if (rule.prometheus_only)
    return "up{job=\"superset-healthd\"} == 0 or absent(up{job=\"superset-healthd\"})";
  const Writer write{rule, context};
  auto text = of_kind(write);
  if (!rule.signal.where.empty()) text += " and on (stack, probe) " + write.series(rule.signal.where);
  return text;
}

}  // namespace healthd
