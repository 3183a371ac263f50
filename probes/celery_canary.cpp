#include "probes/celery_canary.hpp"

#include <nlohmann/json.hpp>

#include "config/clock.hpp"
#include "probes/net/base64.hpp"

namespace healthd {
namespace {

using nlohmann::json;

constexpr std::size_t longest_name = 80;

std::string text_of(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

/// As Celery writes it. `Z` and milliseconds are not read alike by all versions.
std::string expiry(std::chrono::system_clock::time_point moment) {
  auto text = rfc3339(moment);
  text.pop_back();
  return text + "000+00:00";
}

/// With an index the task returns that argument as it is, else a list.
std::string arguments(const CanaryTask& task) {
  const auto body = json::array({
      json::array({task.nonce}),
      {{"index", 0}},
      {{"callbacks", nullptr}, {"errbacks", nullptr}, {"chain", nullptr}, {"chord", nullptr}},
  });
  return text_of(body);
}

json headers(const CanaryTask& task) {
  return {{"lang", "py"},
          {"task", canary_task_name},
          {"id", task.id},
          {"shadow", nullptr},
          {"eta", nullptr},
          {"expires", expiry(task.expires)},
          {"group", nullptr},
          {"group_index", nullptr},
          {"retries", 0},
          {"timelimit", json::array({nullptr, nullptr})},
          {"root_id", task.id},
          {"parent_id", nullptr},
          {"argsrepr", "('" + task.nonce + "',)"},
          {"kwargsrepr", "{'index': 0}"},
          {"origin", task.origin},
          {"ignore_result", false}};
}

/// The delivery tag must be unique on the broker. The id is, and so the same task is always the same
/// message.
json properties(const CanaryTask& task) {
  return {{"correlation_id", task.id},
          {"reply_to", ""},
          {"delivery_mode", 2},
          {"delivery_info", {{"exchange", ""}, {"routing_key", task.queue}}},
          {"priority", 0},
          {"body_encoding", "base64"},
          {"delivery_tag", task.id}};
}

}  // namespace

std::string encode_canary(const CanaryTask& task) {
  const json message{{"body", base64_encode(arguments(task))},
                     {"content-encoding", "utf-8"},
                     {"content-type", "application/json"},
                     {"headers", headers(task)},
                     {"properties", properties(task)}};
  return text_of(message);
}

Failure judge_canary_task(const CanaryTask& task, const TaskOutcome& outcome) {
  if (outcome.status == "SUCCESS") {
    if (outcome.value == task.nonce) return {};
    return {Reason::protocol, "the canary came back with another value than was sent"};
  }
  if (outcome.status == "REVOKED")
    return {Reason::stale, "a worker took the canary only after it had expired"};
  if (outcome.status == "FAILURE") {
    const auto exception =
        outcome.exception.empty() ? "an exception" : outcome.exception.substr(0, longest_name);
    return {Reason::query_error, "the worker failed to run the canary: " + exception};
  }
  // STARTED, where the application tracks it, or RETRY: this is what stood there when the time was over.
  return {Reason::no_reply, "the canary did not end: its state is " + outcome.status.substr(0, longest_name)};
}

}  // namespace healthd
