#include "daemon/connectivity.hpp"

#include "probes/with_deadline.hpp"

namespace healthd {
namespace {

asio::awaitable<bool> takes_connection(Resolver& resolver, Endpoint endpoint) {
  Trace trace;
  const auto connection = co_await dial(resolver, trace, std::move(endpoint), nullptr);
  co_return connection.stream != nullptr;
}

}  // namespace

/// Each has an equal share of what time is left: one that says nothing must not hide the next.
asio::awaitable<bool> any_reachable(Resolver& resolver, std::vector<Endpoint> endpoints, Deadline deadline) {
  auto left = static_cast<int>(endpoints.size());
  for (auto& endpoint : endpoints) {
    const auto share = Deadline::in(deadline.left() / left--);
    auto work = takes_connection(resolver, std::move(endpoint));
    const auto taken = co_await with_deadline(std::move(work), share);
    if (taken.value_or(false)) co_return true;
  }
  co_return false;
}

}  // namespace healthd
