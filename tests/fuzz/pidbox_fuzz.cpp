// Messages on a Celery broker, where any client may publish.
#include "probes/net/pidbox.hpp"

#include <nlohmann/json.hpp>

#include "probes/net/base64.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace healthd {
namespace {

using fuzz::must;
using nlohmann::json;

void check_reply(std::string_view text) {
  const auto reply = decode_reply(text);
  if (!reply) return;
  must(!reply->ticket.empty(), "a reply belongs to a request");
  must(reply->value.empty() || json::accept(reply->value), "a node's answer is JSON");
  const auto stats = decode_stats(*reply, "reports.scheduler");
  if (!stats) return;
  must(stats->node == reply->node, "statistics belong to who sent them");
  must(stats->knows_task || stats->started == 0, "of an unknown task nothing is counted");
}

/// The input as what a worker answers, in the envelope that kombu puts around it.
void check_body(std::string_view body, bool encoded) {
  const json message{
      {"body", encoded ? base64_encode(body) : std::string{body}},
      {"content-type", "application/json"},
      {"headers", {{"ticket", "t-1"}}},
      {"properties", {{"body_encoding", encoded ? "base64" : "none"}}},
  };
  const auto text = message.dump(-1, ' ', true, json::error_handler_t::replace);
  const auto reply = decode_reply(text);
  must(reply && reply->ticket == "t-1", "an envelope is read whatever its body");
  check_reply(text);
}

void check_base64(std::string_view text) {
  must(base64_decode(base64_encode(text)) == std::string{text}, "base64 there and back");
  if (const auto bytes = base64_decode(text)) {
    must(bytes->size() <= text.size() / 4 * 3, "base64 makes nothing longer");
    must(base64_decode(base64_encode(*bytes)) == bytes, "what was decoded can be encoded");
  }
}

}  // namespace
}  // namespace healthd

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = healthd::fuzz::as_text(data, size);
  healthd::check_reply(text);
  healthd::check_body(text, true);
  healthd::check_body(text, false);
  healthd::check_base64(text);
  return 0;
}
