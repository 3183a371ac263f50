#include "probes/net/resolve.hpp"

#include <netdb.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>

#include "probes/with_deadline.hpp"

namespace healthd {
namespace {

using Addresses = Resolver::Addresses;
using Clock = Deadline::Clock;

/// As many names but one may hang at once without holding up the rest.
constexpr std::size_t pool_threads = 8;
/// A queue of look-ups that nobody can serve is refused rather than grown.
constexpr std::size_t most_in_flight = 64;
/// A look-up may take this long before the last good answer is taken instead.
constexpr std::chrono::milliseconds patience{500};
constexpr std::chrono::hours good_for{1};
constexpr std::size_t most_remembered = 256;

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

Failure failure_of(int error, const std::string& host) {
  const int number = error == EAI_MEMORY ? ENOMEM : errno;
  if (error == EAI_MEMORY || (error == EAI_SYSTEM && number != ECANCELED)) {
    const Failure ours = failure_from({number, boost::system::system_category()});
    if (ours.reason == Reason::internal) return {Reason::internal, host + ": " + ours.detail};
  }
  return {Reason::resolve, host + ": " + ::gai_strerror(error)};
}

/// Blocks for as long as the system's resolver likes: on the pool only.
Result<Addresses> ask_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0)
    return failure_of(error, host);
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
    explicit Lookup(const asio::any_io_executor& loop) : answered{loop, Clock::time_point::max()} {}
    asio::steady_timer answered;
    std::optional<Result<Addresses>> answer;
    const Clock::time_point begun = Clock::now();
  };
  struct Good {
    Addresses addresses;
    Clock::time_point at;
  };

  Impl(asio::any_io_executor executor, LookUp function)
      : loop{std::move(executor)}, look_up{std::move(function)} {}

  /// The look-up of `host`, begun where none runs; nullptr where there are too many.
  std::shared_ptr<Lookup> join(const std::string& host) {
    if (const auto running = in_flight.find(host); running != in_flight.end()) return running->second;
    if (in_flight.size() >= most_in_flight) return nullptr;
    auto lookup = std::make_shared<Lookup>(loop);
    in_flight[host] = lookup;
    asio::post(pool, [this, host, lookup] {
      auto answer = look_up(host);
      asio::post(loop, [this, host, lookup, answer = std::move(answer)]() mutable {
        if (answer) remember(host, *answer);
        lookup->answer = std::move(answer);
        in_flight.erase(host);
        lookup->answered.cancel();
      });
    });
    return lookup;
  }

  /// The last good answer for `host`, if it still holds.
  const Addresses* recall(const std::string& host) const {
    const auto found = good.find(host);
    if (found == good.end() || Clock::now() - found->second.at > good_for) return nullptr;
    return &found->second.addresses;
  }

  void remember(const std::string& host, const Addresses& addresses) {
    good[host] = Good{addresses, Clock::now()};
    if (good.size() <= most_remembered) return;
    const auto age = [](const auto& left, const auto& right) { return left.second.at < right.second.at; };
    good.erase(std::ranges::min_element(good, age));
  }

  /// Ends when the answer is there. After a cancel the next wait throws by itself.
  static asio::awaitable<bool> answered(std::shared_ptr<Lookup> lookup) {
    while (!lookup->answer) co_await lookup->answered.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return true;
  }

  asio::any_io_executor loop;
  const LookUp look_up;
  std::map<std::string, std::shared_ptr<Lookup>> in_flight;
  std::map<std::string, Good> good;
  asio::thread_pool pool{pool_threads};
};

Resolver::Resolver(asio::any_io_executor loop) : Resolver{std::move(loop), ask_system} {}
Resolver::Resolver(asio::any_io_executor loop, LookUp look_up)
    : impl_{std::make_unique<Impl>(std::move(loop), std::move(look_up))} {}
Resolver::~Resolver() = default;

bool Resolver::busy() const { return !impl_->in_flight.empty(); }

asio::awaitable<Result<Addresses>> Resolver::resolve(std::string host) {
  boost::system::error_code not_a_literal;
  const auto literal = asio::ip::make_address(host, not_a_literal);
  if (!not_a_literal) co_return Addresses{literal};

  Failure failure{Reason::resolve, "too many names are being looked up already"};
  if (const auto lookup = impl_->join(host)) {
    const bool known = impl_->recall(host) != nullptr;
    const Deadline enough{known ? lookup->begun + patience : Clock::time_point::max()};
    auto wait = Impl::answered(lookup);
    co_await with_deadline(std::move(wait), enough);
    if (lookup->answer && lookup->answer->has_value()) co_return *lookup->answer;
    failure = lookup->answer ? lookup->answer->error() : Failure{Reason::resolve, "the name is not resolved"};
  }
  if (const auto* last = impl_->recall(host)) co_return *last;
  co_return failure;
}

}  // namespace healthd
