// Sends a marked test alert, firing and then resolved, the way the daemon would, and says what the receiver
// said.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <iostream>

#include "daemon/assembly.hpp"
#include "daemon/commands.hpp"
#include "daemon/loops.hpp"
#include "probes/with_deadline.hpp"

namespace healthd {
namespace {

constexpr int not_accepted = 2;

Alert test_alert(const std::string& stack) {
  const auto now = std::chrono::system_clock::now();
  Alert alert;
  alert.labels = {{"alertname", "HealthdTestAlert"},
                  {"stack", stack},
                  {"component", "healthd"},
                  {"probe", "healthd"},
                  {"severity", "warning"}};
  alert.annotations = {
      {"summary", "This is a test; nothing is wrong."},
      {"description", "Somebody ran `superset-healthd test-notify` to see whether messages arrive here."}};
  alert.state = AlertState::firing;
  alert.starts_at = now;
  alert.sequence = static_cast<std::uint64_t>(std::chrono::system_clock::to_time_t(now));
  return alert;
}

asio::awaitable<Delivery> tell(Notifier& notifier, Message message) {
  const auto deadline = Deadline::in(notifier.manners().timeout);
  std::vector<Message> one;
  one.push_back(std::move(message));
  auto sending = notifier.send(std::move(one), deadline);
  const auto sent = co_await with_deadline(std::move(sending), deadline);
  if (!sent || sent->empty())
    co_return Delivery{Delivery::Kind::retry, "timeout", "no answer in time", {}, true, ""};
  co_return sent->front();
}

bool print(const std::string& place, const char* what, const Delivery& answer) {
  const bool sent = answer.kind == Delivery::Kind::sent;
  std::cout << place << ": " << what << ": "
            << (sent                                   ? "accepted"
                : answer.kind == Delivery::Kind::retry ? "failed, worth another try"
                                                       : "refused");
  if (!sent) std::cout << ": " << answer.reason << (answer.detail.empty() ? "" : ": " + answer.detail);
  std::cout << '\n';
  return sent;
}

asio::awaitable<void> tell_both(Notifier& notifier, Alert alert, bool& all_sent) {
  const auto fired = co_await tell(notifier, {.alert = alert});
  all_sent = print(notifier.name(), "firing", fired) && all_sent;
  if (fired.kind != Delivery::Kind::sent) co_return;
  alert.state = AlertState::resolved;
  alert.ends_at = std::chrono::system_clock::now();
  Message over{.alert = alert};
  over.receipt = fired.receipt;
  all_sent = print(notifier.name(), "resolved", co_await tell(notifier, std::move(over))) && all_sent;
}

}  // namespace

int test_notify(const Settings& settings, const std::string& name) {
  Loops loops;
  TlsContexts tls;
  Problems problems;
  auto parts = assemble(settings.config_file, loops.resolver(), tls, problems);
  loops.stop_postgres();
  for (const auto& problem : problems.sorted()) std::cerr << to_string(problem) << '\n';
  if (problems.has_errors()) return not_accepted;
  const auto receiver = std::ranges::find(parts.receivers, name, &Receiver::name);
  if (receiver == parts.receivers.end()) {
    std::vector<std::string> known;
    for (const auto& each : parts.receivers) known.push_back(each.name);
    std::cerr << "no receiver is named " << in_quotes(name) << did_you_mean(name, known) << '\n';
    return not_accepted;
  }
  bool all_sent = true;
  for (auto& notifier : receiver->notifiers)
    asio::co_spawn(loops.main(), tell_both(*notifier, test_alert(parts.config.stack), all_sent),
                   [&](std::exception_ptr error) {
                     if (error) all_sent = false;
                   });
  loops.main().run();
  return all_sent ? exit_code::ok : not_accepted;
}

}  // namespace healthd
