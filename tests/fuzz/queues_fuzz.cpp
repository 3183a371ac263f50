// A broker's answers about its queues, from the bytes on.
#include "probes/celery_queues.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace healthd {
namespace {

using fuzz::must;

std::vector<RedisReply> replies_in(std::string_view bytes) {
  RespDecoder decoder;
  decoder.feed(bytes);
  std::vector<RedisReply> replies;
  for (auto next = decoder.next(); next && *next; next = decoder.next()) replies.push_back(std::move(**next));
  return replies;
}

void check(const std::vector<RedisReply>& replies, const CeleryNames& names,
           const std::vector<std::string>& queues) {
  const auto now = std::chrono::system_clock::time_point{std::chrono::hours{500'000}};
  const auto report = read_queues(names, queues, replies);
  if (report.failure) return;
  must(report.lengths.size() == queues.size(), "every queue has a length");
  must(report.lists.size() == queues.size() * names.steps.size(), "every list has a length");
  for (const auto& delivery : report.oldest)
    must(std::isfinite(by_our_clock(report, delivery.at, now).value_or(0)), "an age is a number");
  QueueMemory memory;
  for (std::size_t i = 0; i < queues.size(); ++i) {
    must(report.lengths[i] >= 0, "no queue is shorter than empty");
    memory.last_empty(queues[i], report.lengths[i], {});
  }
}

}  // namespace
}  // namespace healthd

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace healthd;
  const auto replies = replies_in(fuzz::as_text(data, size));
  CeleryNames single;
  single.steps = {0};
  check(replies, single, {"celery"});
  check(replies, single, {"celery", "reports"});
  check(replies, CeleryNames{}, {"celery"});
  return 0;
}
