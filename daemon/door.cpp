#include "daemon/door.hpp"

#include <utility>

#include "daemon/links.hpp"
#include "daemon/log.hpp"

namespace healthd {
namespace {

void log_reload(const Problems& problems, bool taken) {
  for (const auto& problem : problems.sorted())
    log_event(LogLevel::warning, "web_config_problem", {{"problem", to_string(problem)}});
  log_event(taken ? LogLevel::info : LogLevel::error, taken ? "web_config_reloaded" : "web_config_kept",
            {{"hint", taken ? "new connections use it" : "the last good one stays in use"}});
}

void log_throttled(const asio::ip::address& from) {
  log_event(LogLevel::warning, "logins_throttled", {{"address", from.to_string()}});
}

}  // namespace

AllowedHosts allowed_hosts(const Settings& settings, const Config& config, const ListenAddress& address) {
  const auto& external = settings.external_url.empty() ? config.web.external_url : settings.external_url;
  auto more = config.web.allowed_hosts;
  more.push_back(host_name());  // of which our own links are made
  return AllowedHosts{address, external, more};
}

std::shared_ptr<WebDoor> make_door(const Settings& settings, const Assembly& parts, Loops& loops,
                                   const ListenAddress& address, std::function<void(unsigned)> refused) {
  if (is_insecure(address, parts.web->file) && !parts.config.web.allow_insecure_bind)
    log_event(LogLevel::warning, "insecure_bind",
              {{"address", to_string(address)}, {"hint", std::string{insecure_bind}}});
  return std::make_shared<WebDoor>(WebDoorParts{.path = settings.web_config_file,
                                                .first = parts.web,
                                                .hosts = allowed_hosts(settings, parts.config, address),
                                                .workers = loops.worker().get_executor(),
                                                .hashers = loops.hasher().get_executor(),
                                                .refused = std::move(refused),
                                                .reloaded = log_reload,
                                                .throttled = log_throttled});
}

}  // namespace healthd
