// What keeps watch over the watcher: the heartbeat, and how it notices that it is blind.
#include <algorithm>

#include "config/load_parts.hpp"

namespace healthd {
namespace {

constexpr Duration least_interval{1'000};
constexpr Duration longest_interval = std::chrono::hours{1};

/// `host:port` or `[v6]:port`.
std::optional<ConnectTarget> connect_target(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos || colon == 0) return std::nullopt;
  auto host = text.substr(0, colon);
  const auto port = text.substr(colon + 1);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty() || (!bracketed && host.find(':') != host.npos)) return std::nullopt;
  const auto is_digit = [](char letter) { return letter >= '0' && letter <= '9'; };
  if (port.empty() || port.size() > 5 || !std::ranges::all_of(port, is_digit)) return std::nullopt;
  const int number = std::stoi(std::string{port});
  if (number < 1 || number > 65535) return std::nullopt;
  return ConnectTarget{std::string{host}, static_cast<std::uint16_t>(number)};
}

}  // namespace

void load_watch(Options& root, Config& config, Problems& problems) {
  config.heartbeat.wanted = root.has("heartbeat");
  if (config.heartbeat.wanted) {
    config.heartbeat.options = root.map("heartbeat");
    config.heartbeat.interval =
        config.heartbeat.options.duration("interval", least_interval, longest_interval)
            .value_or(config.heartbeat.interval);
  }
  const auto list = root.texts("connectivity");
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (auto target = connect_target(list[i])) {
      config.connectivity.push_back(std::move(*target));
    } else {
      problems.error(root.place("connectivity", i),
                     "connectivity: expected host:port, such as 192.0.2.1:53, got " + in_quotes(list[i]));
    }
  }
}

}  // namespace healthd
