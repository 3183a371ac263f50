#include "probes/net/celery_events.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "probes/net/kombu_message.hpp"

namespace healthd {
namespace {

using kombu::json;
using kombu::member;

constexpr std::size_t most_events = 1000;
constexpr double longest_frequency = 86'400;

constexpr std::array worker_kinds{
    std::pair{"worker-heartbeat", WorkerEvent::Kind::heartbeat},
    std::pair{"worker-online", WorkerEvent::Kind::online},
    std::pair{"worker-offline", WorkerEvent::Kind::offline},
};

constexpr std::string_view task_prefix = "task-";
/// Applications may send types of their own, which nobody here counts.
constexpr std::array<std::string_view, 8> task_types{"sent",   "received", "started",  "succeeded",
                                                     "failed", "retried",  "rejected", "revoked"};

std::optional<WorkerEvent::Kind> worker_kind(const std::string& type) {
  for (const auto& [name, kind] : worker_kinds)
    if (type == name) return kind;
  return std::nullopt;
}

bool has_load(const json& body) {
  return body.contains("active") || body.contains("processed") || body.contains("loadavg");
}

std::optional<TaskEvent> task_event(const json& body) {
  const auto type = kombu::text(member(body, "type"));
  if (!type.starts_with(task_prefix)) return std::nullopt;
  TaskEvent event;
  event.type = type.substr(task_prefix.size());
  if (std::ranges::find(task_types, event.type) == task_types.end()) return std::nullopt;
  event.name = kombu::name(member(body, "name"));
  event.sender = kombu::name(member(body, "hostname"));
  return event;
}

/// Reads the top level's `status` and goes no further, for the result beside it may be large.
class StatusReader : public nlohmann::json_sax<json> {
 public:
  std::string status;

  bool null() override { return scalar(); }
  bool boolean(bool) override { return scalar(); }
  bool number_integer(number_integer_t) override { return scalar(); }
  bool number_unsigned(number_unsigned_t) override { return scalar(); }
  bool number_float(number_float_t, const string_t&) override { return scalar(); }
  bool binary(binary_t&) override { return scalar(); }
  bool string(string_t& value) override {
    if (here_) status = std::move(value);
    return scalar();
  }
  bool key(string_t& name) override {
    here_ = depth_ == 1 && name == "status";
    return true;
  }
  bool start_object(std::size_t) override { return start(); }
  bool start_array(std::size_t) override { return depth_ > 0 && start(); }
  bool end_object() override { return --depth_ > 0; }
  bool end_array() override { return --depth_ > 0; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  bool scalar() const { return depth_ > 0 && !here_; }
  bool start() {
    ++depth_;
    return !here_;
  }

  std::size_t depth_ = 0;
  bool here_ = false;  ///< the next value is the status
};

}  // namespace

std::optional<WorkerEvent> decode_worker_event(std::string_view message) {
  const auto body = kombu::body_of(kombu::parse(message));
  const auto kind = worker_kind(kombu::text(member(body, "type")));
  if (!kind) return std::nullopt;
  WorkerEvent event;
  event.kind = *kind;
  event.node = kombu::name(member(body, "hostname"));
  if (event.node.empty()) return std::nullopt;
  event.pid = kombu::integer(member(body, "pid")).value_or(0);
  const auto frequency = kombu::number(member(body, "freq"));
  if (frequency && *frequency > 0) event.frequency = std::min(*frequency, longest_frequency);
  event.active = kombu::integer(member(body, "active"));
  if (event.active && *event.active < 0) event.active.reset();
  event.version = kombu::name(member(body, "sw_ver"));
  event.prompted = *kind == WorkerEvent::Kind::heartbeat && !has_load(body);
  return event;
}

std::vector<TaskEvent> decode_task_events(std::string_view message) {
  const auto body = kombu::body_of(kombu::parse(message));
  std::vector<TaskEvent> events;
  const auto add = [&events](const json& one) {
    if (auto event = task_event(one)) events.push_back(std::move(*event));
  };
  if (!body.is_array()) add(body);
  if (body.is_array())
    for (std::size_t i = 0; i < body.size() && events.size() < most_events; ++i) add(body[i]);
  return events;
}

std::string decode_result_status(std::string_view message) {
  StatusReader reader;
  json::sax_parse(message, &reader, json::input_format_t::json, /*strict=*/false);
  return reader.status;
}

std::optional<TaskOutcome> decode_outcome(std::string_view message) {
  const auto meta = kombu::parse(message);
  TaskOutcome outcome;
  outcome.status = kombu::text(member(meta, "status"));
  if (outcome.status.empty()) return std::nullopt;
  const auto& result = member(meta, "result");
  if (outcome.status == "SUCCESS")
    outcome.value = kombu::text(result);
  else
    outcome.exception = kombu::text(member(result, "exc_type"));
  return outcome;
}

}  // namespace healthd
