#include "probes/celery_look.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "probes/celery_broker.hpp"
#include "probes/net/info_text.hpp"
#include "probes/net/inspect.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;
using Clock = Deadline::Clock;

/// CLIENT LIST takes Redis a moment for each connection.
constexpr long long few_clients = 200;
constexpr long long most_clients = 2000;
constexpr auto between_long_lists = 15s;
/// Tasks for later are told from tasks that were forgotten only among those that are this old.
constexpr double old_delivery = 60;
constexpr auto between_heartbeats = 20ms;
/// Whether we hear what is published shows in a moment, and is not worth the whole run.
constexpr Clock::duration most_for_hearing = 500ms;
constexpr Clock::duration least_for_hearing = 100ms;

}  // namespace

const PidboxRound* CelerySight::round(std::string_view method) const {
  const auto found = std::ranges::find(rounds, method, &PidboxRound::method);
  return found == rounds.end() ? nullptr : &*found;
}

CeleryLook::CeleryLook(std::shared_ptr<Broker> broker, const CeleryOptions& options)
    : broker_{broker}, options_{options}, ages_{std::move(broker), options} {}

asio::awaitable<CelerySight> CeleryLook::look(const Turns::Turn& turn, Tools& tools, Trace& trace,
                                              Deadline deadline, bool inspect) {
  CelerySight sight;
  auto commands = queue_commands(broker_->names(), options_.queues);
  commands.push_back({"INFO", "clients"});
  const auto before = broker_->dials();
  const auto replies = co_await broker_->ask(turn, tools.resolver, trace, std::move(commands));
  sight.reconnected = before > 0 && broker_->dials() != before;
  if (!replies) {
    sight.failure = replies.error();
    co_return sight;
  }
  sight.queues = read_queues(broker_->names(), options_.queues, *replies);
  const auto& info = replies->back();
  const auto clients = info.is_error() ? std::nullopt : InfoText{info.text}.number("connected_clients");
  clients_ = static_cast<long long>(std::clamp(clients.value_or(few_clients + 1), 0.0, 1e9));
  if (!sight.queues.failure) {
    sight.ages = co_await ages_.look(turn, tools, trace, sight.queues);
    sight.ageless = ages_.failure();
    co_await look_at_unacked(turn, tools, trace, sight);
  }
  if (peers_due()) co_await look_at_peers(turn, tools, trace, sight);
  sight.peers_refused = peers_.failure();
  const auto patience = std::min<Clock::duration>(most_for_hearing, deadline.left() / 4);
  sight.deaf = co_await broker_->subscription().catch_up(Deadline::in(patience));
  if (!options_.passive) co_await ask_workers(turn, tools, trace, deadline, inspect, sight);
  co_return sight;
}

/// Where INFO does not say how many there are, there may be many.
bool CeleryLook::peers_due() const {
  const auto now = Clock::now();
  if (!peers_.due(now)) return false;
  return clients_ <= few_clients || (clients_ <= most_clients && now - peers_at_ >= between_long_lists);
}

asio::awaitable<void> CeleryLook::look_at_peers(const Turns::Turn& turn, Tools& tools, Trace& trace,
                                                CelerySight& sight) {
  std::vector<RedisCommand> commands;
  commands.push_back({"CLIENT", "LIST"});
  const auto said = co_await broker_->ask(turn, tools.resolver, trace, std::move(commands));
  peers_at_ = Clock::now();
  if (!said) {
    peers_.failed(said.error(), peers_at_);
  } else if (said->front().is_error()) {
    peers_.failed(redis_failure(said->front().text), peers_at_);
  } else {
    peers_.answered();
    sight.peers = parse_client_list(said->front().text);
  }
}

/// Tasks for later are taken out of the queue long before their time; nobody forgot them. Whether one is, is
/// asked only of what is old, and where that cannot be had the oldest one counts.
asio::awaitable<void> CeleryLook::look_at_unacked(const Turns::Turn& turn, Tools& tools, Trace& trace,
                                                  CelerySight& sight) {
  const auto& oldest = sight.queues.oldest;
  if (oldest.empty()) co_return;
  const auto now = std::chrono::system_clock::now();
  sight.oldest_unacked = by_our_clock(sight.queues, oldest.front().at, now);
  const bool old = sight.queues.time && *sight.queues.time - oldest.front().at > old_delivery;
  if (!old || !unacked_.due(Clock::now())) co_return;
  std::vector<RedisCommand> commands;
  auto& command = commands.emplace_back(RedisCommand{"HMGET", broker_->names().unacked()});
  for (const auto& delivery : oldest) command.push_back(delivery.tag);
  const auto said = co_await broker_->ask(turn, tools.resolver, trace, std::move(commands));
  if (!said || said->front().is_error()) {
    unacked_.failed(said ? redis_failure(said->front().text) : said.error(), Clock::now());
    co_return;
  }
  unacked_.answered();
  sight.oldest_unacked.reset();
  const auto& entries = said->front().elements;
  for (std::size_t at = 0; at < oldest.size() && at < entries.size() && !sight.oldest_unacked; ++at) {
    const auto dates = decode_dates(entries[at].text);
    const bool later = dates.eta && *dates.eta > *sight.queues.time;
    if (!later) sight.oldest_unacked = by_our_clock(sight.queues, oldest[at].at, now);
  }
}

// --- what the workers say
// -----------------------------------------------------------------------------------------

asio::awaitable<void> CeleryLook::ask_workers(const Turns::Turn& turn, Tools& tools, Trace& trace,
                                              Deadline deadline, bool inspect, CelerySight& sight) {
  std::vector<std::string> methods{"ping"};
  // An inspection wants its share of the time, although somebody may be silent.
  const auto share = inspect ? deadline.left() * 2 / 5 : deadline.left();
  const auto patience = std::min(reply_patience, std::chrono::floor<std::chrono::milliseconds>(share));
  auto rounds =
      co_await broker_->broadcast(turn, tools.resolver, trace, std::move(methods), patience, deadline);
  if (rounds) {
    sight.rounds = std::move(*rounds);
    const auto& ping = sight.rounds.front();
    // Whoever answers with pickle is named by its heartbeat.
    const bool unnamed =
        std::ranges::any_of(ping.replies, [](const auto& reply) { return reply.node.empty(); });
    if (unnamed && !sight.deaf) co_await ask_for_heartbeats(turn, deadline, sight);
    // What stands in the list of connections explains who is silent; before the question nobody was.
    const bool silence = static_cast<long long>(ping.replies.size()) < ping.receivers;
    if (silence && sight.peers && clients_ <= few_clients) co_await look_at_peers(turn, tools, trace, sight);
    if (inspect) co_await inspect_workers(turn, tools, trace, deadline, sight);
    co_return;
  }
  sight.ping_failure = rounds.error();
  const auto reason = sight.ping_failure.reason;
  const bool gate_shut = reason == Reason::oom || reason == Reason::read_only || reason == Reason::misconf ||
                         reason == Reason::noreplicas;
  if (gate_shut && !sight.deaf) co_await ask_for_heartbeats(turn, deadline, sight);
}

/// A round of its own: whatever its answers are like, those to `ping` count.
asio::awaitable<void> CeleryLook::inspect_workers(const Turns::Turn& turn, Tools& tools, Trace& trace,
                                                  Deadline deadline, CelerySight& sight) {
  sight.inspected = true;
  const bool tasks = tasks_.due(Clock::now());
  std::vector<std::string> methods{"stats", "active_queues"};
  if (tasks) methods.insert(methods.end(), {"active", "reserved"});
  auto rounds =
      co_await broker_->broadcast(turn, tools.resolver, trace, std::move(methods), reply_patience, deadline);
  if (rounds) {
    for (auto& round : *rounds) sight.rounds.push_back(std::move(round));
    if (tasks) tasks_.answered();
    sight.uninspected = tasks_.failure();
    co_return;
  }
  sight.uninspected = rounds.error();
  if (tasks) tasks_.failed(sight.uninspected, Clock::now());
}

asio::awaitable<void> CeleryLook::ask_for_heartbeats(const Turns::Turn& turn, Deadline deadline,
                                                     CelerySight& sight) {
  PidboxRound asked;
  asked.method = "heartbeat";
  asked.asked_at = Clock::now();
  const auto until = Deadline::in(std::min<Clock::duration>(reply_patience, deadline.left() * 3 / 4));
  const auto receivers = co_await broker_->request_heartbeats(turn);
  if (!receivers) co_return;
  asked.receivers = *receivers;
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer pause{executor};
  // The last moments are too short to tell a deaf ear from a slow one.
  while (until.left() > least_for_hearing) {
    sight.deaf = co_await broker_->subscription().catch_up(until);
    asked.replies.clear();
    for (const auto& [node, news] : broker_->subscription().news().workers())
      if (news.prompted && *news.prompted >= asked.asked_at) asked.replies.push_back({{}, node, {}});
    if (sight.deaf || static_cast<long long>(asked.replies.size()) >= asked.receivers) break;
    pause.expires_after(between_heartbeats);
    co_await pause.async_wait(asio::use_awaitable);
  }
  sight.heartbeats = std::move(asked);
}

}  // namespace healthd
