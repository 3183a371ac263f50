#include "probes/net/resolve.hpp"

#include <netdb.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <map>
#include <optional>

namespace healthd {
namespace {

using Addresses = std::vector<asio::ip::address>;

/// As many names may hang at once without holding up the rest.
constexpr std::size_t pool_threads = 4;
/// A queue of look-ups that nobody can serve is refused rather than grown.
constexpr std::size_t most_in_flight = 64;

asio::ip::address address_of(const addrinfo& entry) {
  if (entry.ai_family == AF_INET) {
    sockaddr_in raw{};
    std::memcpy(&raw, entry.ai_addr, sizeof raw);
    return asio::ip::address_v4{ntohl(raw.sin_addr.s_addr)};
  }
  sockaddr_in6 raw{};
  std::memcpy(&raw, entry.ai_addr, sizeof raw);
  asio::ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &raw.sin6_addr, bytes.size());
  return asio::ip::address_v6{bytes, raw.sin6_scope_id};
}

/// Blocks for as long as the system's resolver likes: on the pool only.
Result<Addresses> look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0)
    return Failure{Reason::resolve, host + ": " + ::gai_strerror(error)};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner{found, ::freeaddrinfo};
  Addresses addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next)
    if (entry->ai_family == AF_INET || entry->ai_family == AF_INET6) addresses.push_back(address_of(*entry));
  if (addresses.empty()) return Failure{Reason::resolve, host + ": no address"};
  return addresses;
}

}  // namespace

struct Resolver::Impl {
  /// One look-up and those who wait for it: the timer never expires, it is cancelled when the answer is
  /// there.
  struct Lookup {
    explicit Lookup(const asio::any_io_executor& loop)
        : answered{loop, asio::steady_timer::time_point::max()} {}
    asio::steady_timer answered;
    std::optional<Result<Addresses>> answer;
  };

  explicit Impl(asio::any_io_executor executor) : loop{std::move(executor)} {}

  std::shared_ptr<Lookup> begin(const std::string& host) {
    auto lookup = std::make_shared<Lookup>(loop);
    in_flight[host] = lookup;
    asio::post(pool, [this, host, lookup] {
      auto answer = look_up(host);
      asio::post(loop, [this, host, lookup, answer = std::move(answer)]() mutable {
        lookup->answer = std::move(answer);
        in_flight.erase(host);
        lookup->answered.cancel();
      });
    });
    return lookup;
  }

  asio::any_io_executor loop;
  std::map<std::string, std::shared_ptr<Lookup>> in_flight;
  asio::thread_pool pool{pool_threads};
};

Resolver::Resolver(asio::any_io_executor loop) : impl_{std::make_unique<Impl>(std::move(loop))} {}
Resolver::~Resolver() = default;

bool Resolver::busy() const { return !impl_->in_flight.empty(); }

asio::awaitable<Result<Addresses>> Resolver::resolve(std::string host) {
  boost::system::error_code not_a_literal;
  const auto literal = asio::ip::make_address(host, not_a_literal);
  if (!not_a_literal) co_return Addresses{literal};

  std::shared_ptr<Impl::Lookup> lookup;
  if (const auto running = impl_->in_flight.find(host); running != impl_->in_flight.end()) {
    lookup = running->second;
  } else if (impl_->in_flight.size() >= most_in_flight) {
    co_return Failure{Reason::resolve, "too many names are being looked up already"};
  } else {
    lookup = impl_->begin(host);
  }
  while (!lookup->answer) {
    // Ends with operation_aborted both when the answer came and when we are cancelled; in the latter case the
    // next await throws by itself.
    co_await lookup->answered.async_wait(asio::as_tuple(asio::use_awaitable));
    if (lookup->answer) break;
    co_await asio::post(impl_->loop, asio::use_awaitable);
  }
  co_return *lookup->answer;
}

}  // namespace healthd
