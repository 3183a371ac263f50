#include "daemon/log_line.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

namespace healthd {
namespace {
const std::chrono::system_clock::time_point moment{std::chrono::milliseconds{1795437296789}};
}

TEST_CASE("a text line is one line of key=value whatever a target said") {
  const auto line = text_line(moment, LogLevel::warning, "probe_state",
                              {{"probe", "edge"}, {"detail", "a\n\x1b[31m\"b\" \xff"}});
  CHECK(line ==
        "time=2026-11-23T12:34:56.789Z level=warning event=probe_state probe=edge "
        "detail=\"a\\n\\u001b[31m\\\"b\\\" \\ufffd\"");
}

TEST_CASE("a JSON line parses and keeps the order") {
  const auto line = json_line(moment, LogLevel::info, "started", {{"b", "1"}, {"a", std::string(2000, 'x')}});
  const auto parsed = nlohmann::json::parse(line);
  CHECK(parsed["event"] == "started");
  CHECK(parsed["a"].get<std::string>().size() == 512);
  CHECK(line.find("\"b\"") < line.find("\"a\""));
}

}  // namespace healthd
