#include "exporters/heartbeat.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "exporters/text.hpp"

namespace healthd {

std::optional<Heartbeat> Heartbeat::make(Options options, NotifierTools tools) {
  const auto url = read_url_text(options);
  if (url.empty()) return std::nullopt;
  auto target = read_post_target(options, "url", url, tools);
  return Heartbeat{std::move(target), tools.resolver};
}

asio::awaitable<Delivery> Heartbeat::beat(std::string trouble, Deadline deadline) {
  auto target = target_;
  if (!trouble.empty()) {
    auto& path = target.url.path;
    auto at = std::min(path.find('?'), path.size());
    if (at > 0 && path[at - 1] == '/') path.erase(--at, 1);
    path.insert(at, "/fail");
  }
  const nlohmann::json body{{"state", trouble.empty() ? "ok" : "failing"},
                            {"reason", clean_utf8(trouble, 512)}};
  // The answer is not quoted: it may repeat the URL, which may be a secret.
  auto posted = co_await post_json(*resolver_, target, Headers{}, body.dump(), false, deadline);
  co_return posted.delivery;
}

}  // namespace healthd
