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
#include <list>
#include <map>
#include <optional>
#include <stdexcept>

#include "probes/with_deadline.hpp"

namespace healthd {
namespace {

using Addresses = Resolver::Addresses;
using Answer = Resolver::Answer;
using Clock = Deadline::Clock;

/// Each look-up has a thread; a name server that swallows everything does not make them more than this.
constexpr std::size_t most_in_flight = 64;
/// So many are kept when they have nothing to do.
constexpr std::size_t most_idle = 2;
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

struct Meaning {
  int error;
  bool certain;
  std::string_view words;
};

constexpr Meaning meanings[] = {
    {EAI_NONAME, true, "no such name"},
    {EAI_NODATA, true, "the name has no address"},
    {EAI_ADDRFAMILY, true, "the name has no address of a family that this machine has"},
    {EAI_AGAIN, false, "no name server has an answer"},
};

Answer failed(int error, const std::string& host) {
  Answer answer;
  const int number = error == EAI_MEMORY ? ENOMEM : errno;
  if (error == EAI_MEMORY || (error == EAI_SYSTEM && number != ECANCELED)) {
    const Failure ours = failure_from({number, boost::system::system_category()});
    answer.failure = {Reason::internal, host + ": " + ours.detail};
    if (ours.reason == Reason::internal) return answer;
  }
  const auto* const found = std::ranges::find(meanings, error, &Meaning::error);
  const bool known = found != std::end(meanings);
  answer.failure = {Reason::resolve,
                    host + ": " + (known ? std::string{found->words} : ::gai_strerror(error))};
  answer.certain = known && found->certain;
  return answer;
}

/// Blocks for as long as the system's resolver likes: on a thread of its own only.
Answer ask_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0)
    return failed(error, host);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner{found, ::freeaddrinfo};
  Answer answer;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next)
    if (entry->ai_family == AF_INET || entry->ai_family == AF_INET6)
      answer.addresses.push_back(address_of(*entry));
  return answer.addresses.empty() ? failed(EAI_NODATA, host) : answer;
}

}  // namespace

struct Resolver::Impl {
  /// One look-up and those who wait for it: the timer never expires, it is cancelled when the answer is
  /// there.
  struct Lookup {
    explicit Lookup(const asio::any_io_executor& loop) : answered{loop, Clock::time_point::max()} {}
    asio::steady_timer answered;
    std::optional<Answer> answer;
    const Clock::time_point begun = Clock::now();
  };
  struct Good {
    Addresses addresses;
    Clock::time_point at;
  };

  Impl(asio::any_io_executor executor, LookUp function)
      : loop{std::move(executor)}, look_up{std::move(function)} {}

  /// The look-up of `host`, begun where none runs; nullptr where there are too many or no thread is left.
  std::shared_ptr<Lookup> join(const std::string& host) {
    if (const auto running = in_flight.find(host); running != in_flight.end()) return running->second;
    if (in_flight.size() >= most_in_flight) return nullptr;
    const auto thread = take_thread();
    if (thread == threads.end()) return nullptr;
    auto lookup = std::make_shared<Lookup>(loop);
    in_flight[host] = lookup;
    asio::post(*thread, [this, host, lookup, thread] {
      auto answer = look_up(host);
      asio::post(loop, [this, host, lookup, thread, answer = std::move(answer)]() mutable {
        give_back(thread);
        note(host, answer);
        lookup->answer = std::move(answer);
        in_flight.erase(host);
        lookup->answered.cancel();
      });
    });
    return lookup;
  }

  using Thread = std::list<asio::thread_pool>::iterator;

  Thread take_thread() {
    if (idle.empty()) return new_thread();
    const auto thread = idle.back();
    idle.pop_back();
    return thread;
  }

  /// The end of `threads` where the system gives us no more.
  Thread new_thread() {
    try {
      return threads.emplace(threads.end(), 1U);
    } catch (const std::runtime_error&) {
      return threads.end();
    }
  }

  /// One that goes is joined: it has nothing left to do but to end.
  void give_back(Thread thread) {
    if (idle.size() < most_idle) {
      idle.push_back(thread);
    } else {
      threads.erase(thread);
    }
  }

  void note(const std::string& host, const Answer& answer) {
    if (!answer.addresses.empty()) remember(host, answer.addresses);
    if (answer.certain) good.erase(host);
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
  std::list<asio::thread_pool> threads;
  std::vector<Thread> idle;
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

  Failure failure{Reason::internal, "too many look-ups of names at once"};
  if (const auto lookup = impl_->join(host)) {
    const bool known = impl_->recall(host) != nullptr;
    const Deadline enough{known ? lookup->begun + patience : Clock::time_point::max()};
    auto wait = Impl::answered(lookup);
    co_await with_deadline(std::move(wait), enough);
    if (lookup->answer && !lookup->answer->addresses.empty()) co_return lookup->answer->addresses;
    failure = lookup->answer ? lookup->answer->failure : Failure{Reason::resolve, "the name is not resolved"};
  }
  if (const auto* last = impl_->recall(host)) co_return *last;
  co_return failure;
}

}  // namespace healthd
