// Notifiers made from a line of configuration, and one message sent.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <stdexcept>

#include "exporters/notifier.hpp"
#include "tests/support/run.hpp"

namespace healthd::test {

using namespace std::chrono_literals;

class NotifierBench {
 public:
  NotifierBench(MakeNotifiers make, const std::string& yaml) {
    ReceiverConfig config;
    config.name = "oncall";
    config.options = Options::from_text(yaml, "test.yaml", problems_);
    notifiers_ = make(config, NotifierTools{resolver_, contexts_});
    config.options.finish();
  }

  std::vector<Problem> problems() const { return problems_.sorted(); }
  std::vector<std::unique_ptr<Notifier>>& notifiers() { return notifiers_; }

  std::vector<Delivery> tell(std::vector<Message> messages, std::chrono::milliseconds within = 2s) {
    auto task = notifiers_.at(0)->send(std::move(messages), Deadline::in(within));
    return run(loop_, std::move(task));
  }
  /// What became of the first alert.
  Delivery send(std::vector<Alert> alerts, std::chrono::milliseconds within = 2s) {
    std::vector<Message> messages;
    for (auto& alert : alerts) messages.push_back({.alert = std::move(alert)});
    return tell(std::move(messages), within).at(0);
  }

 private:
  Problems problems_;
  TlsContexts contexts_;
  boost::asio::io_context loop_{1};
  Resolver resolver_{loop_.get_executor()};
  std::vector<std::unique_ptr<Notifier>> notifiers_;
};

inline Alert firing(const std::string& name = "PostgresDown") {
  Alert alert;
  alert.labels = {{"alertname", name},
                  {"stack", "production"},
                  {"component", "postgres"},
                  {"probe", "metadata"},
                  {"severity", "critical"}};
  alert.annotations = {{"summary", "PostgreSQL is down"},
                       {"runbook_url", "https://ops.example.com/runbooks/pg"}};
  alert.state = AlertState::firing;
  alert.starts_at = std::chrono::system_clock::now() - 60s;
  alert.sequence = 3;
  alert.generator_url = "https://ops.example.com/#metadata";
  return alert;
}

inline Alert resolved(const std::string& name = "PostgresDown") {
  auto alert = firing(name);
  alert.state = AlertState::resolved;
  alert.ends_at = std::chrono::system_clock::now() - 10s;
  return alert;
}

}  // namespace healthd::test
