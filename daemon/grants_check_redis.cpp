// Asks Redis itself what a user may do, by trying: to read the rules would need rights that a monitor should
// not have. Whether the user may publish where it must is left to the probe's own run, for a message on that
// channel is never without effect.
#include <algorithm>
#include <charconv>

#include "daemon/grants_check.hpp"
#include "daemon/grants_redis_trials.hpp"
#include "daemon/grants_text.hpp"
#include "probes/net/info_text.hpp"
#include "probes/net/uuid.hpp"
#include "probes/with_deadline.hpp"

namespace healthd {
namespace {

/// Versions as major * 100 + minor: since when rules can say that keys are read only, and which channels.
constexpr int read_only_rules_since = 700;
constexpr int channel_rules_since = 602;

/// 0 where it cannot be read.
int version_in(std::string_view text) {
  int major = 0, minor = 0;
  const auto* const end = text.data() + text.size();
  const auto dot = std::from_chars(text.data(), end, major).ptr;
  if (dot == end || *dot != '.') return 0;
  std::from_chars(dot + 1, end, minor);
  return major * 100 + minor;
}

class RedisCheck {
 public:
  RedisCheck(const RedisAccount& account, RedisClient& client, Findings& findings)
      : account_{account}, client_{client}, findings_{findings} {}

  /// The failure is that of the connection: what follows it was not found out.
  asio::awaitable<Failure> compare() {
    co_await read_version();
    co_await strange_keys();
    for (const auto& [command, probes] : account_.commands)
      if (!takes_key(command)) co_await plain_command(command);
    for (const auto& [pattern, probes] : account_.reads) co_await read_pattern(pattern, probes);
    for (const auto& [pattern, probes] : account_.writes) co_await write_pattern(pattern, probes);
    for (const auto& dangerous : dangerous_commands(stranger_)) co_await dangerous_command(dangerous);
    conclude();
    co_return broken_;
  }

 private:
  asio::awaitable<Answer> ask(RedisCommand words) {
    if (broken_) co_return Answer::unclear;
    const auto reply = co_await client_.command(std::move(words));
    if (reply) co_return read_answer(*reply);
    broken_ = reply.error();
    co_return Answer::unclear;
  }

  asio::awaitable<void> read_version();
  asio::awaitable<void> strange_keys();
  asio::awaitable<void> plain_command(std::string command);
  asio::awaitable<void> read_pattern(std::string pattern, const ProbeNames& probes);
  asio::awaitable<void> write_pattern(std::string pattern, const ProbeNames& probes);
  asio::awaitable<void> dangerous_command(Dangerous dangerous);
  asio::awaitable<Answer> try_on(std::string pattern, bool write);

  bool needs(std::string_view command) const { return account_.commands.contains(std::string{command}); }
  void judge(std::string_view command, Answer answer);
  void note_stranger(const KeyTrial& trial, Answer answer);
  void conclude();

  const RedisAccount& account_;
  RedisClient& client_;
  Findings& findings_;
  Failure broken_;
  const std::string stranger_ = random_uuid();  ///< fits no pattern, and is nobody's key
  int version_ = read_only_rules_since;
  bool reads_strangers_ = false;
  bool writes_strangers_ = false;
  bool kept_from_writing_ = false;  ///< and it was seen
  std::string extra_;
};

asio::awaitable<void> RedisCheck::read_version() {
  RedisCommand words{"INFO", "server"};
  const auto reply = co_await client_.command(std::move(words));
  if (!reply) broken_ = reply.error();
  if (!reply || reply->is_error()) co_return;
  const InfoText info{reply->text};
  if (const int found = version_in(info.text("redis_version")); found != 0) version_ = found;
}

/// What is known of a command once it was tried: whether it is allowed, and whether it should be.
void RedisCheck::judge(std::string_view command, Answer answer) {
  const bool allowed = answer != Answer::no_command && answer != Answer::unclear;
  if (!needs(command)) {
    if (allowed) extra_ += " +" + std::string{command};
    return;
  }
  if (allowed || broken_) return;
  const auto word = "+" + std::string{command};
  const auto& probes = account_.commands.at(std::string{command});
  if (answer == Answer::no_command) findings_.missing.push_back(word + ", for " + joined(probes));
  if (answer == Answer::unclear) findings_.unknown.push_back(word + " could not be tried on this server");
}

void RedisCheck::note_stranger(const KeyTrial& trial, Answer answer) {
  const bool write = trial.effect != Effect::reads;
  if (answer == Answer::allowed) (write ? writes_strangers_ : reads_strangers_) = true;
  if (answer == Answer::no_key && write) kept_from_writing_ = true;
}

/// Each command that we know, on a key that nobody has and no rule should fit. One that cannot be kept from
/// writing is tried only where it is known that this key is refused.
asio::awaitable<void> RedisCheck::strange_keys() {
  for (const auto& trial : key_trials()) {
    const bool may_write = trial.effect == Effect::writes && (writes_strangers_ || !kept_from_writing_);
    if (may_write) {
      judge(trial.command, Answer::unclear);
      continue;
    }
    auto words = on_key(trial, stranger_);
    const auto answer = co_await ask(std::move(words));
    note_stranger(trial, answer);
    judge(trial.command, answer);
  }
}

asio::awaitable<void> RedisCheck::plain_command(std::string command) {
  auto words = plain_trial(command, stranger_, *account_.databases.rbegin());
  if (words.empty()) co_return;
  const auto answer = co_await ask(std::move(words));
  judge(command, answer);
  if (answer == Answer::allowed && command == "publish" && version_ >= channel_rules_since)
    findings_.too_much.emplace_back("channels: it may publish on every one");
}

/// By the first of the probes' own commands that the user may run.
asio::awaitable<Answer> RedisCheck::try_on(std::string pattern, bool write) {
  const auto sample = sample_key(pattern, stranger_);
  for (const auto& trial : key_trials()) {
    if (!needs(trial.command) || (trial.effect != Effect::reads) != write) continue;
    if (trial.effect == Effect::writes || (trial.effect == Effect::absent && !sample.is_free)) continue;
    auto words = on_key(trial, sample.key);
    const auto answer = co_await ask(std::move(words));
    if (answer != Answer::no_command) co_return answer;
  }
  co_return Answer::unclear;
}

asio::awaitable<void> RedisCheck::read_pattern(std::string pattern, const ProbeNames& probes) {
  const auto reading = co_await try_on(pattern, false);
  if (reading == Answer::no_key) findings_.missing.push_back("%R~" + pattern + ", for " + joined(probes));
  if (reading == Answer::unclear && !broken_)
    findings_.unknown.push_back("%R~" + pattern + " could not be tried: no command that reads is allowed");
  if (version_ < read_only_rules_since || writes_strangers_) co_return;
  const auto writing = co_await try_on(pattern, true);
  if (writing == Answer::allowed)
    findings_.too_much.push_back("~" + pattern + ": it may write there, and the probes only read");
}

asio::awaitable<void> RedisCheck::write_pattern(std::string pattern, const ProbeNames& probes) {
  const auto writing = co_await try_on(pattern, true);
  if (writing == Answer::no_key) findings_.missing.push_back("~" + pattern + ", for " + joined(probes));
  if (writing == Answer::unclear && !broken_)
    findings_.unknown.push_back("~" + pattern + " could not be tried: no command that writes is allowed");
}

asio::awaitable<void> RedisCheck::dangerous_command(Dangerous dangerous) {
  if (needs(dangerous.command)) co_return;
  const auto answer = co_await ask(std::move(dangerous.trial));
  judge(dangerous.command, answer);
}

void RedisCheck::conclude() {
  if (reads_strangers_) findings_.too_much.emplace_back("keys: it may read every one");
  if (writes_strangers_) findings_.too_much.emplace_back("keys: it may write every one");
  if (!extra_.empty()) findings_.too_much.push_back("commands:" + extra_);
}

asio::awaitable<Failure> log_in_and_compare(Resolver& resolver, const RedisAccount& account,
                                            const RedisTarget& target, Findings& findings) {
  Trace trace;
  auto connection = co_await redis_connect(resolver, trace, target);
  if (!connection.client) co_return std::move(connection.failure);
  RedisCheck check{account, *connection.client, findings};
  co_return co_await check.compare();
}

}  // namespace

asio::awaitable<Findings> check_redis(Resolver& resolver, const RedisAccount& account,
                                      const RedisTarget& login, Deadline deadline) {
  Findings findings;
  const auto name = login.username.empty() ? std::string{"default"} : login.username;
  findings.account = "Redis " + in_comment(account.server) + ", user " + in_comment(name);
  auto target = login;
  target.database = 0;  // whether SELECT is allowed is a question of its own
  auto work = log_in_and_compare(resolver, account, target, findings);
  const auto failure = co_await with_deadline(std::move(work), deadline);
  if (!failure) findings.unknown.emplace_back("the server did not answer in time");
  if (failure && *failure) findings.unknown.push_back("could not ask: " + in_comment(failure->detail));
  co_return findings;
}

}  // namespace healthd
