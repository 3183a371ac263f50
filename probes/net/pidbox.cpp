#include "probes/net/pidbox.hpp"

#include <nlohmann/json.hpp>

#include "probes/net/base64.hpp"
#include "probes/net/celery_names.hpp"
#include "probes/net/kombu_message.hpp"
#include "probes/net/uuid.hpp"

namespace healthd {
namespace {

using kombu::json;

std::string text_of(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace

std::string encode_request(const PidboxRequest& request) {
  const std::chrono::duration<double> expires = request.expires.time_since_epoch();
  json body{{"method", request.method},
            {"arguments", json::object()},
            {"destination", nullptr},
            {"pattern", nullptr},
            {"matcher", nullptr}};
  // Full arguments of tasks are neither small nor ours to see.
  if (request.method == "active") body["arguments"]["safe"] = true;
  if (!request.reply_id.empty()) {
    body["ticket"] = request.ticket;
    body["reply_to"] = {{"exchange", pidbox_reply_exchange}, {"routing_key", request.reply_id}};
  }
  // The clock is merged into the workers' own: it must stay small.
  const json message{
      {"body", base64_encode(text_of(body))},
      {"content-encoding", "utf-8"},
      {"content-type", "application/json"},
      {"headers", {{"clock", 1}, {"expires", expires.count()}}},
      {"properties",
       {{"delivery_mode", 2},
        {"delivery_info", {{"exchange", pidbox_exchange}, {"routing_key", ""}}},
        {"priority", 0},
        {"body_encoding", "base64"},
        {"delivery_tag", random_uuid()}}},
  };
  return text_of(message);
}

std::optional<PidboxReply> decode_reply(std::string_view text) {
  const auto message = kombu::parse(text);
  PidboxReply reply;
  reply.ticket = kombu::text(kombu::member(kombu::member(message, "headers"), "ticket"));
  if (reply.ticket.empty()) return std::nullopt;
  const auto body = kombu::body_of(message);
  if (!body.is_object() || body.empty()) return reply;
  reply.node = kombu::name(body.begin().key());
  reply.value = text_of(body.begin().value());
  return reply;
}

std::optional<WorkerStats> decode_stats(const PidboxReply& reply, const std::string& task) {
  const auto answer = kombu::parse(reply.value);
  const auto& pid = kombu::member(answer, "pid");
  const auto& total = kombu::member(answer, "total");
  if (!pid.is_number_integer() || !total.is_object()) return std::nullopt;
  WorkerStats stats;
  stats.node = reply.node;
  stats.pid = pid.get<long long>();
  const auto& count = kombu::member(total, task.c_str());
  stats.knows_task = count.is_number_integer();
  if (stats.knows_task) stats.started = count.get<long long>();
  return stats;
}

}  // namespace healthd
