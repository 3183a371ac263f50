// The `redis` probe: one fresh connection per run, PING for the verdict, INFO for everything else, and a
// write where the configuration asks for one. Fresh, because a kept connection would hide that nobody gets
// in any more.
#include "probes/net/redis.hpp"

#include <algorithm>

#include "probes/kinds.hpp"
#include "probes/net/uuid.hpp"
#include "probes/redis_canary.hpp"
#include "probes/redis_info.hpp"
#include "probes/redis_needs.hpp"
#include "probes/redis_roles.hpp"
#include "probes/redis_state.hpp"
#include "probes/with_deadline.hpp"
#include "probes/workshop.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

/// A login that was refused is not tried at once again: the server logs each.
constexpr auto rest_after_refusal = 60s;

/// A database that the server does not have is set up for us wrongly, rather than broken.
CheckResult check(std::string name, Failure failure) {
  auto made = judge(std::move(name), std::move(failure));
  if (made.reason == Reason::wrong_database) made.status = Status::unknown;
  return made;
}

/// What one connection told us.
struct Answers {
  Failure failure;  ///< there are no answers
  bool asked = false;
  RedisReply ping;
  RedisReply info;
  std::optional<Failure> canary;  ///< nullopt where nothing was written
};

struct RedisOptions {
  std::string name;
  RedisTarget target;
  std::vector<std::string> roles;
  std::string canary;  ///< the key; "" where nothing may be written
};

class RedisProbe final : public Probe {
 public:
  explicit RedisProbe(RedisOptions options) : options_{std::move(options)} {}

  asio::awaitable<ProbeResult> run(Tools& tools, Trace& trace, Deadline deadline) override {
    Answers answers;
    auto asking = ask(tools, trace, answers);
    const auto ended = co_await with_deadline(std::move(asking), deadline);
    const bool writing = answers.asked && !options_.canary.empty() && !answers.canary;
    if (!ended && writing) answers.canary = timed_out(trace);
    if (!ended && !answers.asked) answers.failure = timed_out(trace);
    co_return judge(std::move(answers));
  }

  std::string target() const override { return to_string(options_.target.endpoint); }

 private:
  asio::awaitable<bool> ask(Tools& tools, Trace& trace, Answers& answers) const;
  ProbeResult judge(Answers answers);
  void judge_server(const InfoText& info, ProbeResult& result);
  void judge_writes(const std::optional<Failure>& canary, const Failure& refused, ProbeResult& result) const;
  bool speaks() const { return options_.target.speaker->name == options_.name; }

  RedisOptions options_;
  ServerIdentity identity_;
};

asio::awaitable<Failure> write_canary(RedisClient& client, std::string key) {
  const auto value = random_uuid();
  auto commands = canary_commands(key, value);
  const auto said = co_await client.pipeline(std::move(commands));
  if (!said) co_return said.error();
  co_return judge_canary(*said, value);
}

/// Fills `answers` as they come, so that what came before a deadline is not lost.
asio::awaitable<bool> RedisProbe::ask(Tools& tools, Trace& trace, Answers& answers) const {
  std::vector<RedisCommand> questions;
  questions.push_back({"PING"});
  questions.push_back({"INFO"});
  auto said = co_await redis_ask(tools.resolver, trace, options_.target, std::move(questions));
  answers.failure = std::move(said.failure);
  if (answers.failure) co_return false;
  answers.ping = std::move(said.replies.front());
  answers.info = std::move(said.replies.back());
  answers.asked = true;
  if (options_.canary.empty()) co_return true;
  // Only now, because only now it is known that the database is ours.
  answers.canary = co_await write_canary(*said.client, options_.canary);
  co_return true;
}

Failure ping_failure(const RedisReply& reply) {
  if (reply.is_error()) return redis_failure(reply.text);
  if (reply.text == "PONG") return {};
  return {Reason::protocol, "PING was not answered with PONG"};
}

Failure info_failure(const RedisReply& reply, const InfoText& info) {
  if (reply.is_error()) return redis_failure(reply.text);
  if (!info.fields().empty()) return {};
  return {Reason::protocol, "INFO was not answered with information"};
}

/// Why writes are refused, as far as it is known without trying.
Failure known_refusal(const InfoText& info, const Failure& ping) {
  return ping.reason == Reason::misconf ? ping : writes_refused(info);
}

ProbeResult RedisProbe::judge(Answers answers) {
  ProbeResult result;
  for (const auto& role : options_.roles)
    result.samples.push_back({"healthd_redis_usage_info", 1, {{"usage", role}}});
  const InfoText info{answers.info.is_error() ? std::string_view{} : answers.info.text};
  auto ping = answers.asked ? ping_failure(answers.ping) : std::move(answers.failure);
  result.checks.push_back(check("ping", explained(ping, info)));
  const auto status = result.checks.front().status;
  if (status != Status::unknown)
    result.samples.push_back({"healthd_redis_up", status == Status::up ? 1.0 : 0.0});
  if (answers.asked) result.checks.push_back(check("info", info_failure(answers.info, info)));
  if (!info.fields().empty()) judge_server(info, result);
  judge_writes(answers.canary, known_refusal(info, ping), result);
  conclude(result);
  if (result.reason == Reason::auth) result.rest = rest_after_refusal;
  return result;
}

void RedisProbe::judge_server(const InfoText& info, ProbeResult& result) {
  result.evidence = server_evidence(info);
  result.samples.push_back(database_sample(info, options_.target.database));
  if (!speaks()) return;
  auto samples =
      server_samples(info, holds_tasks(*options_.target.speaker), std::chrono::system_clock::now());
  std::ranges::move(samples, std::back_inserter(result.samples));
  result.checks.push_back(check("identity", identity_.observe(info)));
}

/// The canary's word counts; without one, or where it was not let in, what is known of the whole server.
void RedisProbe::judge_writes(const std::optional<Failure>& canary, const Failure& refused,
                              ProbeResult& result) const {
  if (!canary && (!refused || !speaks())) return;
  auto write = check("write", canary.value_or(refused));
  if (write.status == Status::unknown && refused && speaks()) write = check("write", refused);
  if (write.status != Status::unknown)
    result.samples.push_back({"healthd_redis_write_ok", write.status == Status::up ? 1.0 : 0.0});
  result.checks.push_back(std::move(write));
}

}  // namespace

std::unique_ptr<Probe> make_redis(ProbeConfig& config, Workshop& workshop) {
  RedisOptions read;
  read.name = config.name;
  read.target = read_redis_target(config.options, workshop.tls);
  read.roles = read_redis_roles(config.options);
  if (config.options.flag("write_canary", false)) read.canary = canary_key(workshop.stack, config.name);
  read.target.speaker = redis_speaker(workshop, read.target, config.name, read.roles, config.options.place());
  workshop.redis.insert_or_assign(config.name, read.target);

  auto needs = connection_needs(config.name, read.target);
  needs.commands.insert("info");
  if (!read.canary.empty()) {
    needs.commands.insert({"del", "get", "set"});
    needs.writes.insert(acl_pattern(read.canary));
  }
  workshop.needs.redis.push_back(std::move(needs));
  return std::make_unique<RedisProbe>(std::move(read));
}

}  // namespace healthd
