#include "daemon/door.hpp"

#include <catch2/catch_test_macros.hpp>

#include "daemon/links.hpp"

using namespace healthd;
using Verdict = AllowedHosts::Verdict;

TEST_CASE("we answer to the name of this host, of which our own links are made") {
  Settings settings;
  Config config;
  const auto hosts = allowed_hosts(settings, config, {"192.0.2.1", 9848});
  CHECK(hosts.judge(host_name() + ":9848") == Verdict::fine);
  CHECK(links_for(settings, config).runbook_base_url == "http://" + host_name() + ":9848/runbooks");
  CHECK(links_for(settings, config, true).runbook_base_url == "https://" + host_name() + ":9848/runbooks");
}

TEST_CASE("the command line's external URL counts over the configuration's") {
  Settings settings;
  Config config;
  config.web.external_url = "https://old.example";
  config.web.allowed_hosts = {"further.example"};
  const ListenAddress here{"127.0.0.1", 9848};
  CHECK(allowed_hosts(settings, config, here).judge("old.example") == Verdict::fine);
  settings.external_url = "https://new.example/healthd";
  CHECK(allowed_hosts(settings, config, here).judge("new.example") == Verdict::fine);
  CHECK(allowed_hosts(settings, config, here).judge("old.example") == Verdict::foreign);
  CHECK(allowed_hosts(settings, config, here).judge("further.example") == Verdict::fine);
}

TEST_CASE("check-config warns of an address that others reach, at its place, unless it is meant so") {
  const auto said = [](const std::string& address, bool meant, bool safe) {
    Problems problems;
    Assembly parts;
    parts.config.root =
        Options::from_text("web:\n  listen_address: \"" + address + "\"\n", "c.yaml", problems);
    parts.config.web.listen_address = address;
    parts.config.web.allow_insecure_bind = meant;
    auto access = std::make_shared<WebAccess>();
    if (safe) access->file.tls.emplace().client_auth = ClientAuth::require_and_verify;
    parts.web = access;
    warn_of_insecure_bind(parts, problems);
    const auto all = problems.sorted();
    return all.empty() ? std::string{} : to_string(all.front());
  };
  CHECK(
      said("0.0.0.0:9848", false, false).starts_with("c.yaml:2:19: warning: other hosts reach this address"));
  CHECK(said(":9848", false, false).find("allow_insecure_bind") != std::string::npos);
  CHECK(said("0.0.0.0:9848", true, false).empty());
  CHECK(said("0.0.0.0:9848", false, true).empty());
  CHECK(said("127.0.0.1:9848", false, false).empty());
  CHECK(said("[::1]:9848", false, false).empty());
}
