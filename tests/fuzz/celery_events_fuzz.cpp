// What anybody may publish on a Celery broker, results, and the list of the broker's connections.
#include "probes/net/celery_events.hpp"

#include "probes/net/client_list.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/kombu_envelope.hpp"

namespace healthd {
namespace {

using fuzz::must;

void check_worker_event(std::string_view message) {
  const auto event = decode_worker_event(message);
  if (!event) return;
  must(!event->node.empty(), "a worker has a name");
  must(event->frequency > 0 && event->frequency <= 86'400, "heartbeats come within a day");
  must(!event->active || *event->active >= 0, "no fewer than no task runs");
  must(!event->prompted || (event->kind == WorkerEvent::Kind::heartbeat && !event->active),
       "only a heartbeat without load is an answer");
}

void check_task_events(std::string_view message) {
  const auto events = decode_task_events(message);
  must(events.size() <= 1000, "a message has at most so many events");
  for (const auto& event : events)
    must(!event.type.empty() && event.type.size() <= 9, "types are known ones");
}

/// Where a key is there twice the last one counts, but who stops at the first one cannot know.
void check_result(std::string_view message) {
  const auto status = decode_result_status(message);
  const auto outcome = decode_outcome(message);
  if (!outcome) return;
  must(!outcome->status.empty(), "a result has a status");
  must(outcome->value.empty() || outcome->exception.empty(), "a task returns or raises");
  const bool once = message.find("\"status\"") == message.rfind("\"status\"");
  if (once && message.find('\\') == std::string_view::npos)
    must(status == outcome->status, "both readers see one status");
}

void check_clients(std::string_view text) {
  const auto peers = parse_client_list(text);
  must(peers.size() <= text.size() / 16 + 1, "a connection is a line with three numbers");
  for (const auto& peer : peers) must(peer.idle >= 0, "nothing rests less than not at all");
  for (const auto& peer : consumers_of(peers)) must(peer.command == "brpop", "consumers pop");
}

}  // namespace
}  // namespace healthd

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = healthd::fuzz::as_text(data, size);
  for (const auto& message : {std::string{text}, healthd::fuzz::kombu_envelope(text)}) {
    healthd::check_worker_event(message);
    healthd::check_task_events(message);
  }
  healthd::check_result(text);
  healthd::check_clients(text);
  return 0;
}
