#include "probes/net/pidbox.hpp"

#include <nlohmann/json.hpp>

#include "probes/net/base64.hpp"
#include "probes/net/celery_names.hpp"
#include "probes/net/uuid.hpp"

namespace healthd {
namespace {

using nlohmann::json;

/// A worker's statistics are five levels deep; far deeper is an attack on the recursion of whoever walks it.
constexpr int deepest = 32;

json parse(std::string_view text) {
  const auto shallow = [](int depth, json::parse_event_t, json&) { return depth <= deepest; };
  return json::parse(text, shallow, /*allow_exceptions=*/false);
}

std::string text_of(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

/// The member where it is a string, else "".
std::string member(const json& object, const char* name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

/// A message's body as JSON; discarded where it is of another type or broken.
json body_of(const json& message) {
  const json discarded{json::value_t::discarded};
  if (member(message, "content-type") != "application/json") return discarded;
  const auto properties = message.find("properties");
  const bool encoded = properties != message.end() && member(*properties, "body_encoding") == "base64";
  const auto text = member(message, "body");
  const auto body = encoded ? base64_decode(text) : std::optional{text};
  return body ? parse(*body) : discarded;
}

}  // namespace

std::string encode_request(const PidboxRequest& request) {
  const std::chrono::duration<double> expires = request.expires.time_since_epoch();
  const json body{{"method", request.method},
                  {"arguments", json::object()},
                  {"destination", nullptr},
                  {"pattern", nullptr},
                  {"matcher", nullptr},
                  {"ticket", request.ticket},
                  {"reply_to", {{"exchange", pidbox_reply_exchange}, {"routing_key", request.reply_id}}}};
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
  const auto message = parse(text);
  if (!message.is_object()) return std::nullopt;
  const auto headers = message.find("headers");
  if (headers == message.end()) return std::nullopt;
  PidboxReply reply;
  reply.ticket = member(*headers, "ticket");
  if (reply.ticket.empty()) return std::nullopt;
  const auto body = body_of(message);
  if (!body.is_object() || body.empty()) return reply;
  reply.node = body.begin().key();
  reply.value = text_of(body.begin().value());
  return reply;
}

std::optional<WorkerStats> decode_stats(const PidboxReply& reply, const std::string& task) {
  const auto answer = parse(reply.value);
  if (!answer.is_object()) return std::nullopt;
  const auto pid = answer.find("pid");
  const auto total = answer.find("total");
  if (pid == answer.end() || !pid->is_number_integer() || total == answer.end() || !total->is_object())
    return std::nullopt;
  WorkerStats stats;
  stats.node = reply.node;
  stats.pid = pid->get<long long>();
  const auto count = total->find(task);
  stats.knows_task = count != total->end() && count->is_number_integer();
  if (stats.knows_task) stats.started = count->get<long long>();
  return stats;
}

}  // namespace healthd
