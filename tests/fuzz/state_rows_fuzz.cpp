// Rows of the state file: a disk may give back anything, and a hash is only a hash.
#include "daemon/delivery_text.hpp"
#include "daemon/engine_memory.hpp"
#include "daemon/incident_text.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace healthd {
namespace {

using fuzz::must;

void read(const std::string& text) {
  if (const auto memory = engine_memory(text)) {
    const auto again = engine_memory(to_text(*memory));
    must(again && to_text(*again) == to_text(*memory), "what was read can be written");
    Window window;
    Damper damper{window};
    damper.restore(memory->damper, Damper::Time{} + std::chrono::hours{1});
  }
  if (const auto memory = delivery_memory(text)) {
    const auto again = delivery_memory(to_text(*memory));
    must(again && to_text(*again) == to_text(*memory), "what was read can be written");
  }
  if (const auto incident = incident_from_text(text)) {
    const auto again = incident_from_text(to_text(*incident));
    must(again && to_text(*again) == to_text(*incident), "what was read can be written");
  }
}

}  // namespace
}  // namespace healthd

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  healthd::read(std::string{healthd::fuzz::as_text(data, size)});
  return 0;
}
