// Messages on a Celery broker, for the tests of what reads them.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "probes/net/base64.hpp"

namespace healthd::celery_samples {

/// A file of captured messages.
inline std::string captured(const std::string& name) {
  const std::ifstream file{std::string{HEALTHD_SOURCE_DIR} + "/tests/data/celery/" + name};
  REQUIRE(file);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline nlohmann::json captured_json(const std::string& name) { return nlohmann::json::parse(captured(name)); }

/// In the envelope that kombu puts around a body.
inline std::string message_of(const std::string& body) {
  const nlohmann::json message{{"body", base64_encode(body)},
                               {"content-type", "application/json"},
                               {"headers", {{"hostname", "w@host"}}},
                               {"properties", {{"body_encoding", "base64"}}}};
  return message.dump();
}
inline std::string message_of(const nlohmann::json& body) { return message_of(body.dump()); }

/// What nobody sane sends: broken, of the wrong types, without end, with numbers that fit nowhere.
inline std::vector<std::string> nonsense() {
  std::vector<std::string> texts{"",
                                 "x",
                                 "null",
                                 "7",
                                 "-1e999",
                                 "\"\"",
                                 "[]",
                                 "{}",
                                 "[[]]",
                                 "[{}]",
                                 "{\"body\":",
                                 "\xff\xfe",
                                 "{\"status\": \"\xff\"}",
                                 std::string(300'000, '['),
                                 std::string(100'000, '[') + std::string(100'000, ']')};
  for (const auto* value : {"null", "true", "-1", "1e300", "-1e300", "1e999", "18446744073709551615",
                            "\"\\ud800\"", "\"\xc3\"", "[]", "[[[]]]", "{}", "99999999999999999999999999"}) {
    std::string all = "{";
    for (const auto* name :
         {"body", "headers", "properties", "content-type", "type", "hostname", "pid", "freq", "active",
          "sw_ver", "name", "status", "result", "total", "pool", "broker", "uptime", "eta"})
      all += "\"" + std::string{name} + "\": " + value + ", ";
    texts.push_back(all + "\"id\": " + value + "}");
    texts.push_back("[" + texts.back() + "]");
  }
  for (auto i = texts.size(); i > 0; --i) texts.push_back(message_of(texts[i - 1]));
  return texts;
}

}  // namespace healthd::celery_samples
