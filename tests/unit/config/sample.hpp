// Files of the tests, and loading them as the program does, without building probes.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "config/alerts.hpp"
#include "config/load.hpp"

namespace healthd::test {

inline std::filesystem::path source_file(const std::string& path) {
  return std::filesystem::path{HEALTHD_SOURCE_DIR} / path;
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file) throw std::runtime_error{"cannot read " + path.string()};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// As `check-config` prints them.
inline std::string lines(const Problems& problems) {
  std::string text;
  for (const auto& problem : problems.sorted()) text += to_string(problem) + '\n';
  return text;
}

inline KnownNames known_names() {
  Problems problems;
  KnownNames known{{"nginx", "gunicorn", "postgres", "redis", "celery", "beat"},
                   {"alertmanager", "email", "pagerduty", "slack", "webhook"},
                   {}};
  for (const auto& rule :
       load_alert_rules(read_file(source_file("config/alerts.yaml")), "alerts.yaml", problems)) {
    known.alerts.push_back(rule.name);
  }
  return known;
}

/// Loads and lets everybody "read" their own keys: probes and receivers live in other rooms.
inline Config load_all(const std::string& text, const std::string& name, Problems& problems) {
  auto config = load_config_text(text, name, known_names(), problems);
  for (auto& probe : config.probes) probe.options.keys();
  for (auto& receiver : config.receivers) receiver.options.keys();
  config.root.finish();
  return config;
}

inline std::string problems_of(const std::string& text) {
  Problems problems;
  load_all(text, "c.yaml", problems);
  return lines(problems);
}

}  // namespace healthd::test
