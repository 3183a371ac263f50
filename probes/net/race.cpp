#include "probes/net/race.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

#include "probes/net/outcome.hpp"

namespace healthd {
namespace {

constexpr auto as_error = asio::as_tuple(asio::use_awaitable);
using Address = asio::ip::address;
using Clock = std::chrono::steady_clock;
using Error = boost::system::error_code;
using Tcp = asio::ip::tcp;

struct Entrant {
  Entrant(const asio::any_io_executor& loop, Tcp::endpoint where)
      : endpoint{std::move(where)}, socket{loop}, turn{loop, Clock::time_point::max()} {}

  Tcp::endpoint endpoint;
  Tcp::socket socket;
  asio::steady_timer turn;  ///< set by the one before
};

/// Waits for the turn of `own`, then connects. `next` is nullptr for the last one.
asio::awaitable<Error> enter(Entrant& own, Entrant* next) {
  // To lose is the usual end: an exception for each loser would be dear.
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto cancelled = co_await asio::this_coro::cancellation_state;
  while (Clock::now() < own.turn.expiry() && cancelled.cancelled() == asio::cancellation_type::none)
    co_await own.turn.async_wait(as_error);
  if (cancelled.cancelled() != asio::cancellation_type::none) co_return asio::error::operation_aborted;

  if (next != nullptr) next->turn.expires_after(race_delay);
  auto [error] = co_await own.socket.async_connect(own.endpoint, as_error);
  if (!error) co_return error;
  Error ignored;
  own.socket.close(ignored);
  if (next != nullptr) next->turn.expires_at(Clock::now());
  co_return error;
}

/// The group ends with the first that connects, not with the first that ends.
struct FirstConnected {
  asio::cancellation_type operator()(const std::exception_ptr& thrown, const Error& error) const noexcept {
    return thrown == nullptr && !error ? asio::cancellation_type::terminal : asio::cancellation_type::none;
  }
};

/// A refusal shows a machine that lives. No route may be a matter of this machine, a shortage surely is.
int weight(const Error& error) {
  if (error == asio::error::operation_aborted) return 4;
  switch (failure_from(error).reason) {
    case Reason::internal:
      return 0;
    case Reason::unreachable:
      return 1;
    case Reason::connect_timeout:
      return 2;
    default:
      return 3;
  }
}

Error most_telling(const std::vector<Error>& errors) {
  Error most = asio::error::host_not_found;
  int highest = -1;
  for (const auto& error : errors)
    if (const int own = weight(error); own >= highest) {
      highest = own;
      most = error;
    }
  return most;
}

std::vector<Entrant> entrants(const asio::any_io_executor& loop, std::vector<Address> addresses,
                              std::uint16_t port) {
  std::vector<Entrant> all;
  const auto ordered = race_order(std::move(addresses));
  all.reserve(ordered.size());
  for (const auto& address : ordered) all.emplace_back(loop, Tcp::endpoint{address, port});
  if (!all.empty()) all.front().turn.expires_at(Clock::now());
  return all;
}

}  // namespace

std::vector<Address> race_order(std::vector<Address> addresses) {
  std::vector<Address> families[2], ordered;
  for (const auto& address : addresses) {
    auto& family = families[address.is_v6() == addresses.front().is_v6() ? 0 : 1];
    if (std::ranges::find(family, address) == family.end()) family.push_back(address);
  }
  const auto rounds = std::max(families[0].size(), families[1].size());
  for (std::size_t round = 0; round < rounds; ++round)
    for (const auto& family : families)
      if (round < family.size() && ordered.size() < most_race_addresses) ordered.push_back(family[round]);
  return ordered;
}

asio::awaitable<Error> connect_first(Tcp::socket& socket, std::vector<Address> addresses,
                                     std::uint16_t port) {
  auto executor = co_await asio::this_coro::executor;
  auto all = entrants(executor, std::move(addresses), port);
  if (all.empty()) co_return asio::error::host_not_found;
  using Attempt = decltype(asio::co_spawn(executor, std::declval<asio::awaitable<Error>>(), asio::deferred));
  std::vector<Attempt> attempts;
  attempts.reserve(all.size());
  for (auto& one : all) {
    Entrant* next = &one == &all.back() ? nullptr : &one + 1;
    attempts.push_back(asio::co_spawn(executor, enter(one, next), asio::deferred));
  }
  auto group = asio::experimental::make_parallel_group(std::move(attempts));
  auto [order, thrown, errors] = co_await group.async_wait(FirstConnected{}, asio::use_awaitable);
  for (const auto& exception : thrown)
    if (exception) std::rethrow_exception(exception);
  for (const auto index : order) {
    if (errors[index]) continue;
    socket = std::move(all[index].socket);
    co_return Error{};
  }
  co_return most_telling(errors);
}

}  // namespace healthd
