// A webhook in Alertmanager's own format (version "4"), so that what understands Alertmanager understands us.
#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "exporters/alert_json.hpp"
#include "exporters/notifier.hpp"
#include "exporters/post.hpp"
#include "exporters/text.hpp"

namespace healthd {
namespace {

using Texts = std::map<std::string, std::string>;

/// How the format spells a moment that has not come.
constexpr std::string_view no_time = "0001-01-01T00:00:00Z";

std::string_view status_of(const Alert& alert) {
  return alert.state == AlertState::resolved ? "resolved" : "firing";
}

nlohmann::json to_json(const Alert& alert, Alert::Time now) {
  const bool over = alert.state == AlertState::resolved;
  return {{"status", status_of(alert)},
          {"labels", json_texts(alert.labels)},
          {"annotations", json_texts(alert.annotations)},
          {"startsAt", rfc3339(shown_start(alert, now))},
          {"endsAt", over ? rfc3339(shown_end(alert, now)) : std::string{no_time}},
          {"generatorURL", shown_link(alert)},
          {"fingerprint", fingerprint(alert.labels)}};
}

/// What all alerts have alike in `member`.
Texts common(const std::vector<Alert>& alerts, Texts Alert::* member) {
  Texts alike = alerts.front().*member;
  for (const Alert& alert : alerts) {
    const auto differs = [&](const auto& entry) {
      const auto other = (alert.*member).find(entry.first);
      return other == (alert.*member).end() || other->second != entry.second;
    };
    std::erase_if(alike, differs);
  }
  return alike;
}

/// A message is one group: of one stack and, where they are all alike in that, one alert name.
Texts group_labels(const Texts& common_labels) {
  Texts group;
  for (const auto* name : {"alertname", "stack"})
    if (const auto found = common_labels.find(name); found != common_labels.end()) group.insert(*found);
  return group;
}

std::string group_key(const Texts& group) {
  std::string inside;
  for (const auto& [name, value] : group) {
    if (!inside.empty()) inside += ", ";
    inside += name + "=" + nlohmann::json(clean_utf8(value)).dump();
  }
  return "{}:{" + inside + "}";
}

/// Tells a message that is sent again from a new one. The beginning of an alert names its firing, also across
/// our restarts: a count would begin anew.
std::string idempotency_key(const std::vector<Alert>& alerts) {
  Texts versions;
  for (const Alert& alert : alerts) {
    const auto began = std::chrono::floor<std::chrono::milliseconds>(alert.starts_at.time_since_epoch());
    versions[fingerprint(alert.labels)] = std::to_string(began.count()) + "/" + std::string{status_of(alert)};
  }
  if (versions.size() > 1) return fingerprint(versions);
  return versions.begin()->first + "/" + versions.begin()->second;
}

std::string message(const std::string& receiver, const std::vector<Alert>& alerts) {
  const auto now = std::chrono::system_clock::now();
  const auto labels = common(alerts, &Alert::labels);
  const auto group = group_labels(labels);
  const auto fires = [](const Alert& alert) { return alert.state != AlertState::resolved; };
  auto list = nlohmann::json::array();
  for (const Alert& alert : alerts) list.push_back(to_json(alert, now));
  const nlohmann::json json{{"version", "4"},
                            {"groupKey", group_key(group)},
                            {"truncatedAlerts", 0},
                            {"status", std::ranges::any_of(alerts, fires) ? "firing" : "resolved"},
                            {"receiver", receiver},
                            {"groupLabels", json_texts(group)},
                            {"commonLabels", json_texts(labels)},
                            {"commonAnnotations", json_texts(common(alerts, &Alert::annotations))},
                            {"externalURL", shown_link(alerts.front())},
                            {"alerts", list}};
  return json.dump();
}

class Webhook final : public Notifier {
 public:
  Webhook(std::string name, PostTarget target, Resolver& resolver)
      : name_{std::move(name)}, target_{std::move(target)}, resolver_{resolver} {}

  const std::string& name() const override { return name_; }
  Manners manners() const override { return {.tells_missed = true}; }

  asio::awaitable<std::vector<Delivery>> send(std::vector<Message> messages, Deadline deadline) override {
    if (messages.empty()) co_return std::vector<Delivery>{};
    std::vector<Alert> alerts;
    for (auto& message : messages) {
      alerts.push_back(std::move(message.alert));
      alerts.back().annotations.erase("note");
      if (!message.note.empty()) alerts.back().annotations["note"] = message.note;
    }
    Headers headers;
    headers.emplace_back("Idempotency-Key", idempotency_key(alerts));
    auto body = message(name_, alerts);
    // The answer is not quoted: it may repeat the URL, which may be a secret.
    auto posted =
        co_await post_json(resolver_, target_, std::move(headers), std::move(body), false, deadline);
    co_return std::vector<Delivery>(alerts.size(), posted.delivery);
  }

 private:
  const std::string name_;
  const PostTarget target_;
  Resolver& resolver_;
};

}  // namespace

std::vector<std::unique_ptr<Notifier>> make_webhook(ReceiverConfig& config, NotifierTools tools) {
  const auto url = read_url_text(config.options);
  std::vector<std::unique_ptr<Notifier>> notifiers;
  if (url.empty()) return notifiers;
  auto target = read_post_target(config.options, "url", url, tools);
  notifiers.push_back(std::make_unique<Webhook>(config.name, std::move(target), tools.resolver));
  return notifiers;
}

}  // namespace healthd
