// Configuration -> RedisTarget -> a connection that is logged in.
#include <algorithm>
#include <charconv>
#include <iterator>

#include "probes/net/redis.hpp"
#include "probes/net/url.hpp"

namespace healthd {
namespace {

constexpr int most_databases = 1'000'000;

/// The database of the URL's path: `/1`; none means 0.
int read_database(Options& options, std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.empty()) return 0;
  int database = 0;
  const auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), database);
  if (error == std::errc{} && end == path.data() + path.size() && database >= 0 && database < most_databases)
    return database;
  options.error("url", "url: the path of a Redis URL is the number of a database, such as /1");
  return 0;
}

/// What goes out before the first question. The positions of AUTH and SELECT in it, where they are.
struct Greeting {
  std::vector<RedisCommand> commands;
  std::optional<std::size_t> auth;
  std::optional<std::size_t> select;
};

Greeting greeting(const RedisTarget& target) {
  Greeting made;
  if (!target.password.empty()) {
    made.auth = made.commands.size();
    auto& command = made.commands.emplace_back(RedisCommand{"AUTH"});
    if (!target.username.empty()) command.push_back(target.username);
    command.emplace_back(target.password.reveal());
  }
  made.commands.push_back({"CLIENT", "SETNAME", "superset-healthd"});
  if (target.database != 0) {
    made.select = made.commands.size();
    made.commands.push_back({"SELECT", std::to_string(target.database)});
  }
  return made;
}

/// A server may echo what it was sent; the password leaves by no text of ours. Before anything is cut: a part
/// of it would be no longer found.
void hide(std::string& text, const Secret& secret) {
  if (secret.empty()) return;
  const auto hidden = secret.reveal();
  for (auto at = text.find(hidden); at != std::string::npos; at = text.find(hidden, at))
    text.erase(at, hidden.size());
}

void hide(std::vector<RedisReply>& replies, const Secret& secret) {
  for (auto& reply : replies)
    if (reply.is_error()) hide(reply.text, secret);
}

/// Said to a client as soon as it connects, so it stands where the first answer is expected.
bool turned_away(const RedisReply& first) {
  return first.is_error() &&
         (first.text.starts_with("DENIED") || redis_failure(first.text).reason == Reason::maxclients);
}

Failure refused(const std::vector<RedisReply>& replies, const Greeting& sent) {
  if (turned_away(replies.front())) return redis_failure(replies.front().text);
  for (const auto& position : {sent.auth, sent.select}) {
    if (!position || !replies[*position].is_error()) continue;
    auto failure = redis_failure(replies[*position].text);
    const bool unclear = position == sent.auth && failure.reason == Reason::query_error;
    if (unclear) failure.reason = Reason::auth;
    return failure;
  }
  return {};
}

RedisConnection failed(Failure failure, const Secret& secret) {
  RedisConnection connection;
  connection.failure = std::move(failure);
  hide(connection.failure.detail, secret);
  return connection;
}

}  // namespace

RedisTarget read_redis_target(Options& options, TlsContexts& contexts) {
  const auto url = read_url(options, "url", {{"redis", 6379}, {"rediss", 6379}, {"unix", 0}});
  RedisTarget target;
  target.endpoint = url.endpoint;
  const bool local = !url.endpoint.unix_path.empty();
  target.database = local ? static_cast<int>(options.integer("database", 0, 0, most_databases))
                          : read_database(options, url.path);
  target.username = options.text("username", url.user);
  if (auto password = options.secret("password")) target.password = std::move(*password);
  if (!target.username.empty() && target.password.empty())
    options.error("username", "username: a user needs a password_file or a credential");
  if (url.scheme == "rediss") {
    target.tls = contexts.client(options, target.endpoint.host);
  } else if (options.has("tls")) {
    options.map("tls");
    options.error("tls", "tls: TLS is spoken to rediss:// URLs only");
  }
  return target;
}

asio::awaitable<RedisConnection> redis_ask(Resolver& resolver, Trace& trace, const RedisTarget& target,
                                           std::vector<RedisCommand> questions) {
  const TlsClient* tls = target.tls ? &*target.tls : nullptr;
  auto connection = co_await dial(resolver, trace, target.endpoint, tls);
  if (!connection.stream) co_return failed(std::move(connection.failure), target.password);

  trace.enter(target.password.empty() ? Phase::request : Phase::auth);
  RedisConnection made;
  made.client = std::make_unique<RedisClient>(std::move(connection.stream));
  auto sent = greeting(target);
  const auto greetings = sent.commands.size();
  const auto count = questions.size();
  std::ranges::move(questions, std::back_inserter(sent.commands));
  co_await made.client->send(std::move(sent.commands));
  auto greeted = co_await made.client->receive(greetings);
  if (greeted) hide(*greeted, target.password);
  auto failure = greeted ? refused(*greeted, sent) : greeted.error();
  if (failure) co_return failed(std::move(failure), target.password);

  trace.enter(Phase::request);
  auto replies = co_await made.client->receive(count);
  if (!replies) co_return failed(replies.error(), target.password);
  made.replies = std::move(*replies);
  hide(made.replies, target.password);
  co_return made;
}

asio::awaitable<RedisConnection> redis_connect(Resolver& resolver, Trace& trace, const RedisTarget& target) {
  return redis_ask(resolver, trace, target, {});
}

}  // namespace healthd
