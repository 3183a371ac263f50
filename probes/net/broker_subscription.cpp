#include "probes/net/broker_subscription.hpp"

#include <algorithm>
#include <utility>

#include "probes/net/happening.hpp"
#include "probes/with_deadline.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

constexpr auto connect_patience = 5s;
/// After a connection broke, before the next attempt that nobody asked for.
constexpr std::chrono::steady_clock::duration shortest_pause = 500ms;
constexpr std::chrono::steady_clock::duration longest_pause = 30s;
/// A connection that lasted so long was a good one.
constexpr auto good_connection = 10s;
constexpr auto rest_from_results = 10min;
constexpr std::chrono::steady_clock::duration without_a_wish = 1h;

/// Runs `work` until `end` happens; false then.
asio::awaitable<bool> until(Happening& end, asio::awaitable<bool> work) {
  auto executor = co_await asio::this_coro::executor;
  auto both =
      asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(work), asio::deferred),
                                              asio::co_spawn(executor, end.wait(), asio::deferred));
  auto [order, error, value, end_error] =
      co_await both.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  if (order[0] == 1 && !end_error) co_return false;
  if (error) std::rethrow_exception(error);
  co_return value;
}

}  // namespace

struct BrokerSubscription::Impl {
  Impl(const RedisTarget& to, const CeleryNames& of) : target{to}, names{of} {}

  asio::awaitable<bool> attempt(Resolver& resolver);
  asio::awaitable<Failure> connect(Resolver& resolver);
  asio::awaitable<Failure> subscribe();
  asio::awaitable<Failure> await_confirmation(std::size_t confirmations);
  asio::awaitable<bool> read();
  asio::awaitable<bool> ping();
  asio::awaitable<bool> connected();
  asio::awaitable<bool> asked();
  void take(const RedisReply& reply);
  std::vector<RedisCommand> commands() const;
  bool results_are_due() const { return std::chrono::steady_clock::now() >= results_from; }

  const RedisTarget& target;
  const CeleryNames& names;
  ListeningOptions options;
  BrokerNews news;
  std::shared_ptr<RedisClient> client;  ///< shared with a ping under way
  std::optional<Time> since;
  Failure failure{Reason::none, {}};
  std::string refused;
  bool hears_results = false;  ///< on this connection
  Time results_from{};         ///< not before, for one was too large
  std::chrono::steady_clock::duration pause = shortest_pause;
  bool attended = false;
  bool listening = false;
  long long pongs = 0;
  long long pings = 0;
  bool wanted = false;
  Happening wanting;  ///< somebody wants to hear: connect
  Happening settled;  ///< an attempt to connect has ended
  Happening heard;    ///< a pong
  Happening dropped;  ///< the connection is given up
  Happening left;     ///< who listened does not any more
};

namespace {

bool is_confirmation(const RedisReply& reply) {
  return reply.elements.size() == 3 &&
         (reply.elements[0].text == "subscribe" || reply.elements[0].text == "psubscribe");
}

bool is_pong(const RedisReply& reply) {
  return reply.text == "PONG" || (reply.elements.size() == 2 && reply.elements[0].text == "pong");
}

}  // namespace

/// `message CHANNEL TEXT`, or `pmessage PATTERN CHANNEL TEXT`.
void BrokerSubscription::Impl::take(const RedisReply& reply) {
  const auto& parts = reply.elements;
  const bool plain = parts.size() == 3 && parts[0].text == "message";
  const bool by_pattern = parts.size() == 4 && parts[0].text == "pmessage";
  if (!plain && !by_pattern) return;
  const std::string results = hears_results ? options.result_prefix : std::string{};
  news.hear(parts[parts.size() - 2].text, parts.back().text, results, std::chrono::steady_clock::now());
}

/// The first is needed; the others may be refused to us.
std::vector<RedisCommand> BrokerSubscription::Impl::commands() const {
  std::vector<RedisCommand> all;
  auto& workers = all.emplace_back(RedisCommand{"SUBSCRIBE"});
  if (!names.fanout_patterns) {
    workers.push_back(names.event_channel(""));
  } else {
    for (const auto* type : {"worker.heartbeat", "worker.online", "worker.offline"})
      workers.push_back(names.event_channel(type));
    if (options.task_events)
      all.push_back({"SUBSCRIBE", names.event_channel("task.multi"), names.event_channel("task.sent")});
  }
  if (options.task_results && results_are_due()) all.push_back({"PSUBSCRIBE", options.result_prefix + "*"});
  return all;
}

asio::awaitable<Failure> BrokerSubscription::Impl::await_confirmation(std::size_t confirmations) {
  while (confirmations > 0) {
    const auto said = co_await client->receive(1);
    if (!said) co_return said.error();
    const auto& reply = said->front();
    if (reply.is_error()) co_return redis_failure(reply.text);
    if (is_confirmation(reply)) {
      --confirmations;
    } else {
      take(reply);
    }
  }
  co_return Failure{};
}

asio::awaitable<Failure> BrokerSubscription::Impl::subscribe() {
  refused.clear();
  hears_results = false;
  bool needed = true;
  for (auto& command : commands()) {
    const auto channels = command.size() - 1;
    const auto first = command[1];
    const bool results = command[0] == "PSUBSCRIBE";
    std::vector<RedisCommand> one;
    one.push_back(std::move(command));
    co_await client->send(std::move(one));
    auto refusal = co_await await_confirmation(channels);
    const bool optional = !needed && refusal.reason == Reason::permission;
    if (optional) refused += (refused.empty() ? "" : ", ") + first;
    if (refusal && !optional) co_return refusal;
    needed = false;
    if (results && !refusal) hears_results = true;
  }
  co_return Failure{};
}

asio::awaitable<Failure> BrokerSubscription::Impl::connect(Resolver& resolver) {
  Trace trace;
  auto connection = co_await redis_connect(resolver, trace, target);
  if (!connection.client) co_return std::move(connection.failure);
  client = std::move(connection.client);
  co_return co_await subscribe();
}

asio::awaitable<bool> BrokerSubscription::Impl::read() {
  for (;;) {
    const auto said = co_await client->receive(1);
    if (!said) {
      failure = said.error();
      if (failure.reason == Reason::too_large && hears_results)
        results_from = std::chrono::steady_clock::now() + rest_from_results;
      co_return true;
    }
    if (is_pong(said->front())) {
      ++pongs;
      heard.announce();
    } else {
      take(said->front());
    }
  }
}

/// One connection, from the attempt to its end. false where it was never there.
asio::awaitable<bool> BrokerSubscription::Impl::attempt(Resolver& resolver) {
  auto connecting = connect(resolver);
  auto made = co_await with_deadline(std::move(connecting), Deadline::in(connect_patience));
  failure = made ? std::move(*made) : Failure{Reason::timeout, "the subscription was not answered"};
  pings = pongs = 0;
  if (!failure) since = std::chrono::steady_clock::now();
  settled.announce();
  if (failure) co_return false;
  auto reading = read();
  const bool ended = co_await until(dropped, std::move(reading));
  if (!ended) failure = {Reason::timeout, "the subscription fell silent"};
  const bool good = std::chrono::steady_clock::now() - *since >= good_connection;
  pause = good ? shortest_pause : std::min(pause * 2, longest_pause);
  since.reset();
  hears_results = false;
  heard.announce();
  co_return true;
}

asio::awaitable<bool> BrokerSubscription::Impl::connected() {
  if (!since) {
    wanted = true;
    wanting.announce();
    co_await settled.wait();
  }
  co_return since.has_value();
}

asio::awaitable<bool> BrokerSubscription::Impl::asked() {
  while (!wanted) co_await wanting.wait();
  wanted = false;
  co_return true;
}

asio::awaitable<bool> BrokerSubscription::Impl::ping() {
  const auto mine = client;
  const auto number = ++pings;
  std::vector<RedisCommand> command;
  command.push_back({"PING"});
  co_await mine->send(std::move(command));
  while (since && client == mine && pongs < number) co_await heard.wait();
  co_return since.has_value() && client == mine;
}

BrokerSubscription::BrokerSubscription(const RedisTarget& target, const CeleryNames& names)
    : impl_{std::make_unique<Impl>(target, names)} {}
BrokerSubscription::~BrokerSubscription() = default;

ListeningOptions& BrokerSubscription::options() { return impl_->options; }
bool BrokerSubscription::attended() const { return impl_->attended; }
BrokerNews& BrokerSubscription::news() { return impl_->news; }

void BrokerSubscription::renew() { impl_->dropped.announce(); }

Hearing BrokerSubscription::hearing() const {
  Hearing now{impl_->since, impl_->hears_results, impl_->refused};
  const bool resting = impl_->options.task_results && !impl_->results_are_due();
  if (resting) now.unheard += std::string{now.unheard.empty() ? "" : ", "} + "results (one was too large)";
  return now;
}

Failure BrokerSubscription::no_results() const {
  if (!impl_->attended || impl_->hears_results) return {};
  if (!impl_->since) return impl_->failure ? impl_->failure : Failure{Reason::timeout, "not connected yet"};
  if (!impl_->results_are_due()) return {Reason::too_large, "a result was too large to listen on"};
  return {Reason::permission, "we may not listen to results"};
}

std::vector<std::string> BrokerSubscription::channels() const {
  std::vector<std::string> all;
  for (const auto& command : impl_->commands())
    if (command.front() == "SUBSCRIBE") all.insert(all.end(), command.begin() + 1, command.end());
  return all;
}

std::string BrokerSubscription::pattern() const {
  return impl_->options.task_results ? impl_->options.result_prefix + "*" : std::string{};
}

asio::awaitable<void> BrokerSubscription::listen(Resolver& resolver) {
  while (impl_->listening) co_await impl_->left.wait();
  impl_->listening = true;
  const auto done = [](Impl* impl) {
    impl->listening = false;
    impl->since.reset();
    impl->client.reset();
    impl->left.announce();
  };
  const std::unique_ptr<Impl, decltype(done)> mark{impl_.get(), done};
  for (;;) {
    const bool was_there = co_await impl_->attempt(resolver);
    impl_->client.reset();
    // A run that wants to hear asks for the next attempt; after a break the first one comes by itself.
    auto asking = impl_->asked();
    co_await with_deadline(std::move(asking), Deadline::in(was_there ? impl_->pause : without_a_wish));
  }
}

asio::awaitable<void> BrokerSubscription::attend(Resolver& resolver) {
  impl_->attended = true;
  co_await listen(resolver);
}

asio::awaitable<Failure> BrokerSubscription::catch_up(Deadline deadline) {
  if (!impl_->listening) co_return Failure{Reason::internal, "nobody listens"};
  auto connecting = impl_->connected();
  const auto there = co_await with_deadline(std::move(connecting), deadline);
  const bool connected = there && *there;
  if (!connected)
    co_return impl_->failure ? impl_->failure : Failure{Reason::timeout, "the subscription is not there yet"};
  // They were left out for a while: begin anew, with them.
  const bool missed = impl_->options.task_results && !impl_->hears_results && impl_->results_are_due() &&
                      impl_->results_from != Time{};
  if (missed) {
    impl_->results_from = Time{};
    impl_->dropped.announce();
    co_return Failure{};
  }
  auto pinging = impl_->ping();
  const auto told = co_await with_deadline(std::move(pinging), deadline);
  if (told && *told) co_return Failure{};
  impl_->dropped.announce();
  co_return Failure{Reason::timeout, "the subscription fell silent"};
}

}  // namespace healthd
