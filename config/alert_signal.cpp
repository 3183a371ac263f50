#include "config/alert_signal.hpp"

#include <algorithm>
#include <array>

namespace healthd {
namespace {

bool is_name_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_';
}

bool is_name(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_name_letter); }

std::string read_metric(Options& options, std::string_view key, bool required = true) {
  if (!required && !options.has(key)) return "";
  auto name = options.require_text(key);
  if (!name.empty() && !(name.starts_with("healthd_") && is_name(name))) {
    options.error(key,
                  std::string{key} + ": expected the name of a metric, healthd_..., got " + in_quotes(name));
  }
  return name;
}

std::vector<std::string> read_list(Options& options, std::string_view key) {
  auto names = options.texts(key);
  if (names.empty() || !std::ranges::all_of(names, is_name)) {
    options.error(key, std::string{key} + ": expected one or more names of a-z, 0-9 and _");
  }
  return names;
}

void read_check(Options& options, Signal& signal) {
  for (const auto& name : read_list(options, "check"))
    signal.check += (signal.check.empty() ? "" : "|") + name;
  if (options.has("except")) signal.except = read_list(options, "except");
}

std::pair<std::string, std::string> read_label(Options& options, std::string_view key) {
  if (!options.has(key)) return {};
  auto map = options.map(key);
  const auto labels = map.keys();
  if (labels.size() != 1) {
    options.error(key, std::string{key} + ": expected one label and its value, such as {state: down}");
    return {};
  }
  return {labels.front(), map.text(labels.front())};
}

void read_value(Options& options, Signal& signal) { signal.metric = read_metric(options, "value"); }

void read_ratio(Options& options, Signal& signal) {
  auto map = options.map("ratio");
  signal.metric = read_metric(map, "metric");
  signal.of = read_metric(map, "of");
  signal.minus = read_metric(map, "minus", false);
}

/// Of a moment, whose name says what it is.
std::string read_timestamp(Options& options, std::string_view key, bool required = true) {
  auto name = read_metric(options, key, required);
  if (!name.empty() && !name.ends_with("_timestamp_seconds")) {
    options.error(key, std::string{key} + ": expected a metric that ends in _timestamp_seconds");
  }
  return name;
}

void read_age(Options& options, Signal& signal) {
  auto map = options.map("age");
  signal.metric = read_timestamp(map, "metric");
  signal.unless_falling = read_metric(map, "unless_falling", false);
}

void read_remaining(Options& options, Signal& signal) {
  auto map = options.map("remaining");
  signal.metric = read_timestamp(map, "metric");
  signal.since = read_timestamp(map, "since", false);
}

void read_reason(Options& options, Signal& signal) { signal.reasons = read_list(options, "reason"); }

void read_over(Options& map, Signal& signal) {
  constexpr Duration least = std::chrono::minutes{1};
  constexpr Duration longest = std::chrono::hours{24};
  if (!map.has("over")) map.error("", "`over` is required: the time that is looked back upon");
  signal.over = map.duration("over", least, longest).value_or(least);
}

void read_increase(Options& options, Signal& signal) {
  auto map = options.map("increase");
  signal.metric = read_metric(map, "metric");
  signal.minus = read_metric(map, "minus", false);
  signal.per_second = map.flag("per_second", false);
  signal.unless = read_label(map, "unless");
  read_over(map, signal);
}

void read_share(Options& options, Signal& signal) {
  auto map = options.map("share");
  signal.metric = read_metric(map, "metric");
  signal.of = read_metric(map, "of");
  signal.at_least = map.number("at_least").value_or(0);
  read_over(map, signal);
}

void read_quantile(Options& options, Signal& signal) {
  auto map = options.map("quantile");
  signal.metric = read_metric(map, "metric");
  signal.quantile = map.number("q").value_or(0);
  if (signal.quantile <= 0 || signal.quantile >= 1) map.error("q", "q: expected a share between 0 and 1");
  read_over(map, signal);
}

void read_flips(Options& options, Signal& signal) {
  auto map = options.map("flips");
  read_over(map, signal);
}

void read_count(Options& options, Signal& signal) { signal.metric = read_metric(options, "count"); }

void read_always(Options& options, Signal&) {
  if (!options.flag("always", false)) options.error("always", "always: expected true");
}

void read_stale(Options& options, Signal&) {
  if (!options.flag("stale", false)) options.error("stale", "stale: expected true");
}

struct SignalKind {
  std::string_view key;
  Signal::Kind kind;
  void (*read)(Options&, Signal&);
};

constexpr std::array kinds{
    SignalKind{"check", Signal::Kind::check, read_check},
    SignalKind{"value", Signal::Kind::value, read_value},
    SignalKind{"ratio", Signal::Kind::ratio, read_ratio},
    SignalKind{"age", Signal::Kind::age, read_age},
    SignalKind{"remaining", Signal::Kind::remaining, read_remaining},
    SignalKind{"reason", Signal::Kind::reason, read_reason},
    SignalKind{"increase", Signal::Kind::increase, read_increase},
    SignalKind{"share", Signal::Kind::share, read_share},
    SignalKind{"quantile", Signal::Kind::quantile, read_quantile},
    SignalKind{"flips", Signal::Kind::flips, read_flips},
    SignalKind{"count", Signal::Kind::count, read_count},
    SignalKind{"always", Signal::Kind::always, read_always},
    SignalKind{"stale", Signal::Kind::stale, read_stale},
};

}  // namespace

Signal read_signal(Options& rule) {
  auto options = rule.map("signal");
  const auto given =
      std::ranges::count_if(kinds, [&](const SignalKind& kind) { return options.has(kind.key); });
  if (given != 1) {
    rule.error("signal",
               "signal: expected exactly one of check, value, ratio, age, remaining, reason, increase, "
               "share, quantile, flips, count, always, stale");
    return {};
  }
  const auto kind =
      std::ranges::find_if(kinds, [&](const SignalKind& each) { return options.has(each.key); });
  Signal signal;
  signal.kind = kind->kind;
  kind->read(options, signal);
  const bool has_series = kind->kind == Signal::Kind::value || kind->kind == Signal::Kind::increase ||
                          kind->kind == Signal::Kind::share;
  if (has_series) signal.match = read_label(options, "match");
  if (kind->kind == Signal::Kind::value && options.has("only_with")) {
    auto map = options.map("only_with");
    signal.only_with = {read_metric(map, "metric"), map.number("equals").value_or(0)};
  }
  signal.where = read_metric(options, "where", false);
  signal.times = read_metric(options, "times", false);
  signal.absent_is_good = options.text("absent_is_good");
  return signal;
}

}  // namespace healthd
