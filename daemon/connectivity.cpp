#include "daemon/connectivity.hpp"

#include "probes/with_deadline.hpp"

namespace healthd {
namespace {

asio::awaitable<bool> try_each(Resolver& resolver, std::vector<Endpoint> endpoints) {
  for (auto& endpoint : endpoints) {
    Trace trace;
    const auto connection = co_await dial(resolver, trace, std::move(endpoint), nullptr);
    if (connection.stream) co_return true;
  }
  co_return false;
}

}  // namespace

asio::awaitable<bool> any_reachable(Resolver& resolver, std::vector<Endpoint> endpoints, Deadline deadline) {
  auto work = try_each(resolver, std::move(endpoints));
  const auto found = co_await with_deadline(std::move(work), deadline);
  co_return found.value_or(false);
}

}  // namespace healthd
