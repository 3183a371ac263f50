// What Redis says of itself, and what we make of it.
#include "probes/redis_info.hpp"
#include "probes/redis_state.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace healthd {
namespace {

using fuzz::must;

constexpr std::size_t most_samples = 60;

void check(std::string_view text) {
  const InfoText info{text};
  must(info.fields().size() <= static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1,
       "a line is one field at most");
  for (const auto& [field, value] : info.fields()) {
    must(info.text(field) == value, "a field is found by its name");
    if (const auto number = info.number(field)) must(std::isfinite(*number), "a number is finite");
  }
  const auto now = std::chrono::system_clock::time_point{std::chrono::hours{500'000}};
  for (const bool holds_tasks : {false, true}) {
    const auto samples = server_samples(info, holds_tasks, now);
    must(samples.size() <= most_samples, "samples are bounded");
    fuzz::must_be_finite(samples);
  }
  fuzz::must_be_finite({database_sample(info, 0)});
  writes_refused(info);
  memory_short(info, 0.9);
  explained({Reason::loading, "loading"}, info);
  ServerIdentity identity;
  must(!identity.observe(info), "the first sight of a server is no change");
  must(!identity.observe(info), "the same server is no change");
  const bool plain = text.find('\0') == std::string_view::npos;
  for (const auto& [name, value] : server_evidence(info))
    must(!plain || value.find('\0') == std::string::npos, "evidence is text");
}

}  // namespace
}  // namespace healthd

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  healthd::check(healthd::fuzz::as_text(data, size));
  return 0;
}
