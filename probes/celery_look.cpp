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
/// After a message that was larger than a reply may be.
constexpr auto rest_from_details = 10min;
/// Tasks for later are told from tasks that were forgotten only among those that are this old.
constexpr double old_delivery = 60;
constexpr auto between_heartbeats = 20ms;
/// Whether we hear what is published shows in a moment, and is not worth the whole run.
constexpr Clock::duration most_for_hearing = 500ms;

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

const PidboxRound* CelerySight::round(std::string_view method) const {
  const auto found = std::ranges::find(rounds, method, &PidboxRound::method);
  return found == rounds.end() ? nullptr : &*found;
}

CeleryLook::CeleryLook(std::shared_ptr<Broker> broker, const CeleryOptions& options)
    : broker_{std::move(broker)}, options_{options} {
  const auto lists = options_.queues.size() * options_.names.steps.size();
  ages_.resize(lists);
  stamps_.resize(lists);
  redelivered_.resize(lists);
}

std::string CeleryLook::list_key(std::size_t list) const {
  const auto& steps = broker_->names().steps;
  return broker_->names().queue(options_.queues[list / steps.size()], steps[list % steps.size()]);
}

void CeleryLook::withdrawn(std::size_t queue, std::string_view message) {
  ages_[queue * options_.names.steps.size()].forget(message);
}

/// CLIENT LIST goes along with the first question where it was short the last time.
asio::awaitable<CelerySight> CeleryLook::look(const Turns::Turn& turn, Tools& tools, Trace& trace,
                                              Deadline deadline, bool inspect) {
  CelerySight sight;
  auto commands = queue_commands(broker_->names(), options_.queues);
  commands.push_back({"INFO", "clients"});
  const bool peers = clients_ && peers_due(*clients_);
  if (peers) commands.push_back({"CLIENT", "LIST"});
  const auto replies = co_await broker_->ask(turn, tools.resolver, trace, std::move(commands));
  clients_.reset();
  if (!replies) {
    sight.failure = replies.error();
    co_return sight;
  }
  sight.queues = read_queues(broker_->names(), options_.queues, *replies);
  if (peers) read_peers(replies->back(), sight);
  const auto& info = (*replies)[replies->size() - (peers ? 2 : 1)];
  const auto clients = info.is_error() ? 0 : InfoText{info.text}.number("connected_clients").value_or(0);
  clients_ = static_cast<long long>(std::clamp(clients, 0.0, 1e9));
  if (!sight.queues.failure) co_await look_at_details(turn, !peers && peers_due(*clients_), sight);
  const auto patience = std::min<Clock::duration>(most_for_hearing, deadline.left() / 4);
  sight.deaf = co_await broker_->subscription().catch_up(Deadline::in(patience));
  if (!options_.passive) co_await ask_workers(turn, tools, trace, deadline, inspect, sight);
  co_return sight;
}

bool CeleryLook::peers_due(long long clients) const {
  return clients <= few_clients ||
         (clients <= most_clients && Clock::now() - peers_at_ >= between_long_lists);
}

void CeleryLook::read_peers(const RedisReply& list, CelerySight& sight) {
  peers_at_ = Clock::now();
  if (list.is_error()) {
    sight.peers_refused = redis_failure(list.text);
  } else {
    sight.peers = parse_client_list(list.text);
  }
}

// --- what the queues hold
// -----------------------------------------------------------------------------------------

std::vector<RedisCommand> CeleryLook::detail_commands(const CelerySight& sight, bool peers,
                                                      bool unacked) const {
  std::vector<RedisCommand> commands;
  for (std::size_t list = 0; list < sight.queues.lists.size(); ++list) {
    if (sight.queues.lists[list] == 0) continue;
    commands.push_back({"LINDEX", list_key(list), "0"});
    commands.push_back({"LINDEX", list_key(list), "-1"});
  }
  if (unacked) {
    auto& command = commands.emplace_back(RedisCommand{"HMGET", broker_->names().unacked()});
    for (const auto& delivery : sight.queues.oldest) command.push_back(delivery.tag);
  }
  if (peers) commands.push_back({"CLIENT", "LIST"});
  return commands;
}

/// How many of the replies were about lists.
std::size_t CeleryLook::read_lists(const std::vector<RedisReply>& replies, CelerySight& sight) {
  const auto now = Clock::now();
  std::size_t at = 0;
  for (std::size_t list = 0; list < sight.queues.lists.size(); ++list) {
    stamps_[list].reset();
    redelivered_[list] = false;
    if (sight.queues.lists[list] == 0) {
      ages_[list].empty(now);
      continue;
    }
    const auto& newest = replies[at++];
    const auto& oldest = replies[at++];
    // It may have been emptied between both looks.
    if (newest.kind != RedisReply::Kind::string || oldest.kind != RedisReply::Kind::string) continue;
    ages_[list].look(now, sight.queues.lists[list], newest.text, oldest.text);
    const auto dates = decode_dates(oldest.text);
    redelivered_[list] = dates.redelivered;
    if (dates.stamped && sight.queues.time)
      stamps_[list] = std::max(0.0, *sight.queues.time - *dates.stamped);
  }
  return at;
}

/// Tasks for later are taken out of the queue long before their time; nobody forgot them.
void CeleryLook::read_unacked(const RedisReply& reply, CelerySight& sight) const {
  sight.oldest_unacked.reset();
  const auto& oldest = sight.queues.oldest;
  for (std::size_t at = 0; at < oldest.size() && at < reply.elements.size(); ++at) {
    const auto dates = decode_dates(reply.elements[at].text);
    if (dates.eta && *dates.eta > sight.queues.time.value_or(seconds_now())) continue;
    sight.oldest_unacked = by_our_clock(sight.queues, oldest[at].at, std::chrono::system_clock::now());
    return;
  }
}

void CeleryLook::read_details(const std::vector<RedisReply>& replies, bool peers, bool unacked,
                              CelerySight& sight) {
  auto at = read_lists(replies, sight);
  if (unacked && !replies[at].is_error()) read_unacked(replies[at], sight);
  if (unacked) ++at;
  if (peers) read_peers(replies[at], sight);
}

/// false where the connection did not live through it.
asio::awaitable<bool> CeleryLook::look_at_details(const Turns::Turn& turn, bool peers, CelerySight& sight) {
  const auto now = Clock::now();
  sight.ages.assign(options_.queues.size(), std::nullopt);
  const auto& oldest = sight.queues.oldest;
  if (!oldest.empty())
    sight.oldest_unacked = by_our_clock(sight.queues, oldest.front().at, std::chrono::system_clock::now());
  if (now < details_from_) co_return true;
  const bool unacked =
      !oldest.empty() && sight.queues.time && *sight.queues.time - oldest.front().at > old_delivery;
  auto commands = detail_commands(sight, peers, unacked);
  const auto wanted = commands.size();
  Result<std::vector<RedisReply>> replies = std::vector<RedisReply>{};
  if (wanted > 0) replies = co_await broker_->ask_more(turn, std::move(commands));
  if (!replies || replies->size() != wanted) {
    if (!replies && replies.error().reason == Reason::too_large) details_from_ = now + rest_from_details;
    co_return false;
  }
  read_details(*replies, peers, unacked, sight);
  const bool found = co_await search(turn);
  if (found) bracket_ages(sight);
  co_return found;
}

/// A few round trips, in each of which every list gets one question.
asio::awaitable<bool> CeleryLook::search(const Turns::Turn& turn) {
  for (;;) {
    std::vector<RedisCommand> commands;
    std::vector<std::size_t> lists;
    for (std::size_t list = 0; list < ages_.size(); ++list) {
      auto question = ages_[list].question();
      if (!question) continue;
      commands.push_back({"LPOS", list_key(list), std::move(*question)});
      lists.push_back(list);
    }
    if (lists.empty()) co_return true;
    const auto replies = co_await broker_->ask_more(turn, std::move(commands));
    if (!replies) co_return false;
    for (std::size_t at = 0; at < lists.size(); ++at) {
      const auto& reply = (*replies)[at];
      // Redis before 6.0.6 does not know the command.
      if (reply.is_error()) {
        ages_[lists[at]].give_up();
      } else {
        ages_[lists[at]].answer(reply.kind == RedisReply::Kind::integer);
      }
    }
  }
}

/// A queue is as old as the oldest of its lists.
void CeleryLook::bracket_ages(CelerySight& sight) const {
  const auto steps = options_.names.steps.size();
  for (std::size_t list = 0; list < ages_.size(); ++list) {
    auto bracket = ages_[list].bracket();
    if (stamps_[list]) bracket = {*stamps_[list], *stamps_[list]};
    // One that came back stands before others that are younger, or older: it breaks the order.
    else if (redelivered_[list])
      bracket.upper.reset();
    if (sight.queues.lists[list] == 0) bracket = {0, 0};
    auto& queue = sight.ages[list / steps];
    if (!queue) {
      queue = bracket;
      continue;
    }
    queue->lower = std::max(queue->lower, bracket.lower);
    const bool bounded = queue->upper && bracket.upper;
    queue->upper = bounded ? std::optional{std::max(*queue->upper, *bracket.upper)} : std::nullopt;
  }
}

// --- what the workers say
// -----------------------------------------------------------------------------------------

asio::awaitable<void> CeleryLook::ask_workers(const Turns::Turn& turn, Tools& tools, Trace& trace,
                                              Deadline deadline, bool inspect, CelerySight& sight) {
  std::vector<std::string> methods{"ping"};
  if (inspect) methods.insert(methods.end(), {"stats", "active", "active_queues"});
  if (inspect && !skip_reserved_) methods.emplace_back("reserved");
  auto rounds =
      co_await broker_->broadcast(turn, tools.resolver, trace, std::move(methods), reply_patience, deadline);
  if (rounds) {
    sight.rounds = std::move(*rounds);
    const auto& replies = sight.rounds.front().replies;
    // Whoever answers with pickle is named by its heartbeat.
    const bool unnamed = std::ranges::any_of(replies, [](const auto& reply) { return reply.node.empty(); });
    if (unnamed && !sight.deaf) co_await ask_for_heartbeats(turn, deadline, sight);
    co_return;
  }
  sight.ping_failure = rounds.error();
  if (inspect && sight.ping_failure.reason == Reason::too_large) skip_reserved_ = true;
  const auto reason = sight.ping_failure.reason;
  const bool gate_shut = reason == Reason::oom || reason == Reason::read_only || reason == Reason::misconf ||
                         reason == Reason::noreplicas;
  if (gate_shut && !sight.deaf) co_await ask_for_heartbeats(turn, deadline, sight);
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
  while (!until.passed()) {
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
