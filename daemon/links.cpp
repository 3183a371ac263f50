#include "daemon/links.hpp"

#include <unistd.h>

#include <array>

namespace healthd {
namespace {

/// Where people reach our pages, without a trailing slash.
std::string page_base(const Settings& settings, const Config& config, bool tls) {
  const auto& given = settings.external_url.empty() ? config.web.external_url : settings.external_url;
  if (!given.empty()) return given.ends_with('/') ? given.substr(0, given.size() - 1) : given;
  const auto& listen = settings.listen_address.empty() ? config.web.listen_address : settings.listen_address;
  return (tls ? "https://" : "http://") + host_name() + listen.substr(listen.rfind(':'));
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

AlertLinks links_for(const Settings& settings, const Config& config, bool tls) {
  const auto base = page_base(settings, config, tls);
  const auto& runbooks = config.alerts.runbook_base_url;
  return {runbooks.empty() ? base + "/runbooks" : runbooks, config.alerts.dashboard_base_url, base + "/"};
}

}  // namespace healthd
