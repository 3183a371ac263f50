// The `redis` probe: one fresh connection per run, PING for the verdict, INFO for everything else.
#include "probes/net/redis.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "probes/kinds.hpp"
#include "probes/redis_info.hpp"
#include "probes/with_deadline.hpp"
#include "probes/workshop.hpp"

namespace healthd {
namespace {

struct Usage {
  std::string_view name;
  int rank;  ///< who speaks for a server that several probes share
};
constexpr std::array usages{Usage{"cache", 0}, Usage{"results", 1}, Usage{"broker", 2}};

/// Set up for us wrongly rather than broken: we cannot tell.
Status status_of(Reason reason) {
  const bool ours =
      reason == Reason::auth || reason == Reason::permission || reason == Reason::wrong_database;
  return ours ? Status::unknown : Status::down;
}

CheckResult failed_check(std::string name, Failure failure) {
  return {std::move(name), status_of(failure.reason), failure.reason, std::move(failure.detail)};
}

/// What one connection told us.
struct Answers {
  Failure failure;  ///< there are no answers
  RedisReply ping;
  RedisReply info;
};

class RedisProbe final : public Probe {
 public:
  RedisProbe(std::string name, RedisTarget target, std::vector<std::string> roles)
      : name_{std::move(name)}, target_{std::move(target)}, roles_{std::move(roles)} {}

  asio::awaitable<ProbeResult> run(Tools& tools, Trace& trace, Deadline deadline) override {
    auto asking = ask(tools, trace);
    auto answers = co_await with_deadline(std::move(asking), deadline);
    co_return judge(answers ? std::move(*answers) : Answers{timed_out(trace), {}, {}});
  }

  std::string target() const override { return to_string(target_.endpoint); }

 private:
  asio::awaitable<Answers> ask(Tools& tools, Trace& trace) const;
  ProbeResult judge(Answers answers) const;
  void judge_info(const RedisReply& reply, Reason ping, ProbeResult& result) const;
  bool holds_tasks() const { return target_.speaker->rank > 0; }

  std::string name_;
  RedisTarget target_;
  std::vector<std::string> roles_;
};

asio::awaitable<Answers> RedisProbe::ask(Tools& tools, Trace& trace) const {
  Answers answers;
  auto connection = co_await redis_connect(tools.resolver, trace, target_);
  answers.failure = std::move(connection.failure);
  if (!connection.client) co_return answers;

  trace.enter(Phase::request);
  std::vector<RedisCommand> questions;
  questions.push_back({"PING"});
  questions.push_back({"INFO"});
  auto replies = co_await connection.client->pipeline(std::move(questions));
  if (!replies) {
    answers.failure = replies.error();
    co_return answers;
  }
  answers.ping = std::move(replies->front());
  answers.info = std::move(replies->back());
  co_return answers;
}

Failure ping_failure(const RedisReply& reply) {
  if (reply.is_error()) return redis_failure(reply.text);
  if (reply.text == "PONG") return {};
  return {Reason::protocol, "PING was not answered with PONG"};
}

ProbeResult RedisProbe::judge(Answers answers) const {
  ProbeResult result;
  for (const auto& role : roles_)
    result.samples.push_back({"healthd_redis_usage_info", 1, {{"usage", role}}});
  const bool asked = !answers.failure;
  const auto failure = asked ? ping_failure(answers.ping) : std::move(answers.failure);
  if (failure) {
    result.checks.push_back(failed_check("ping", failure));
  } else {
    result.checks.push_back({"ping", Status::up});
  }
  const auto status = result.checks.front().status;
  if (status != Status::unknown)
    result.samples.push_back({"healthd_redis_up", status == Status::up ? 1.0 : 0.0});
  if (asked) judge_info(answers.info, failure.reason, result);
  conclude(result);
  return result;
}

void RedisProbe::judge_info(const RedisReply& reply, Reason ping, ProbeResult& result) const {
  if (reply.is_error()) {
    result.checks.push_back(failed_check("info", redis_failure(reply.text)));
    return;
  }
  const InfoText info{reply.text};
  result.checks.push_back({"info", Status::up});
  result.evidence = server_evidence(info);
  result.samples.push_back(database_sample(info, target_.database));
  if (target_.speaker->name != name_) return;

  auto samples = server_samples(info, holds_tasks(), std::chrono::system_clock::now());
  std::ranges::move(samples, std::back_inserter(result.samples));
  const auto refused = writes_refused(info);
  if (refused) result.checks.push_back(failed_check("write", refused));
  if (refused || ping == Reason::misconf) result.samples.push_back({"healthd_redis_write_ok", 0});
}

std::vector<std::string> read_roles(Options& options) {
  auto roles = options.texts("role");
  if (roles.empty()) roles.emplace_back("cache");
  for (const auto& role : roles) {
    if (std::ranges::find(usages, role, &Usage::name) != usages.end()) continue;
    options.error("role", "role: expected cache, broker or results, got \"" + role + "\"");
  }
  std::ranges::sort(roles);
  roles.erase(std::ranges::unique(roles).begin(), roles.end());
  return roles;
}

int rank_of(const std::vector<std::string>& roles) {
  int rank = 0;
  for (const auto& [name, its_rank] : usages)
    if (std::ranges::find(roles, name) != roles.end()) rank = std::max(rank, its_rank);
  return rank;
}

/// The higher rank speaks, and of one rank whoever is named first, in whatever order probes are built.
bool takes_over(const ServerSpeaker& next, const ServerSpeaker& present) {
  if (next.rank != present.rank) return next.rank > present.rank;
  const auto& [file, line, column] = next.place;
  return file == present.place.file &&
         std::tie(line, column) < std::tie(present.place.line, present.place.column);
}

/// What all probes of one endpoint share. Alerts on the whole server are carried by the same probe.
std::shared_ptr<ServerSpeaker> speaker_for(const Workshop& workshop, const RedisTarget& target,
                                           ServerSpeaker candidate) {
  auto speaker = std::make_shared<ServerSpeaker>();
  for (const auto& [other, known] : workshop.redis)
    if (known.speaker && to_string(known.endpoint) == to_string(target.endpoint)) speaker = known.speaker;
  if (takes_over(candidate, *speaker)) *speaker = std::move(candidate);
  return speaker;
}

}  // namespace

std::unique_ptr<Probe> make_redis(ProbeConfig& config, Workshop& workshop) {
  auto target = read_redis_target(config.options, workshop.tls);
  auto roles = read_roles(config.options);
  ServerSpeaker candidate{config.name, rank_of(roles), config.options.place()};
  target.speaker = speaker_for(workshop, target, std::move(candidate));
  workshop.redis.insert_or_assign(config.name, target);
  return std::make_unique<RedisProbe>(config.name, std::move(target), std::move(roles));
}

}  // namespace healthd
