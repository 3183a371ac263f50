// The verbs of the command line. Each returns the process's exit code.
#pragma once

#include <string>
#include <vector>

#include "daemon/settings.hpp"

namespace healthd {

namespace exit_code {
constexpr int ok = 0;
constexpr int failed = 1;
constexpr int bad_configuration = 78;  ///< EX_CONFIG of sysexits.h
}  // namespace exit_code

enum class ProbeOutput { text, json, nagios };

struct ProbeRequest {
  std::vector<std::string> names;  ///< empty: all
  bool explain = false;
  ProbeOutput output = ProbeOutput::text;
};

enum class GrantsSection { both, postgres, redis };

struct GrantsRequest {
  GrantsSection section = GrantsSection::both;
  std::vector<std::string> probes;  ///< only accounts that these use; empty: all
  bool check = false;
};

int run_daemon(const Settings& settings);
int check_config(const Settings& settings);
int run_probes_once(const Settings& settings, const ProbeRequest& request);
struct RulesRequest {
  bool for_alertmanager = false;
  bool self_only = false;
  std::string runbook_base_url;  ///< "" : the configuration's
};

/// Of an alert by its name, or of a page by its own.
int show_runbook(const std::string& alert);
int rules(const Settings& settings, const RulesRequest& request);
int test_notify(const Settings& settings, const std::string& receiver);
int grants(const Settings& settings, const GrantsRequest& request);

}  // namespace healthd
