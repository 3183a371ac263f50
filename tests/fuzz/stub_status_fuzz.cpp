// nginx' page of counters.
#include "probes/stub_status.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace healthd {
namespace {

using fuzz::must;

std::string printed(const StubStatus& status) {
  const auto text = [](std::uint64_t number) { return " " + std::to_string(number) + " "; };
  return "Active connections:" + text(status.reading) + "\nserver accepts handled requests\n" +
         text(status.accepted) + text(status.handled) + text(status.requests) +
         "\nReading:" + text(status.reading) + "Writing:" + text(status.writing) +
         "Waiting:" + text(status.waiting) + "\n";
}

void check(std::string_view page) {
  const auto status = parse_stub_status(page);
  ProbeResult result;
  HttpResponse response;
  response.status = 200;
  response.body = page;
  const auto failure = add_counters(response, result);
  must(status.has_value() == !failure, "a page that is none is a failure");
  must(result.samples.empty() != status.has_value(), "samples come from a good page only");
  fuzz::must_be_finite(result.samples);
  if (!status) return;
  const auto again = parse_stub_status(printed(*status));
  must(again && again->accepted == status->accepted && again->handled == status->handled &&
           again->requests == status->requests && again->reading == status->reading &&
           again->writing == status->writing && again->waiting == status->waiting,
       "a page survives being printed");
}

}  // namespace
}  // namespace healthd

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  healthd::check(healthd::fuzz::as_text(data, size));
  return 0;
}
