// PagerDuty, Events API v2: an event for each message, joined to one incident of theirs by `dedup_key`, which
// is the same for the same fault after a restart and on every daemon.
#include <nlohmann/json.hpp>

#include "exporters/alert_json.hpp"
#include "exporters/message_text.hpp"
#include "exporters/notifier.hpp"
#include "exporters/post.hpp"
#include "exporters/text.hpp"

namespace healthd {
namespace {

constexpr std::string_view default_url = "https://events.pagerduty.com/v2/enqueue";
constexpr std::size_t most_event_bytes = 512'000;
constexpr std::size_t most_summary = 1024;  ///< characters
constexpr int accepted = 202;               ///< anything else, also 200, is from somebody else

std::string_view action_of(const Message& message) {
  if (message.alert.state == AlertState::resolved) return "resolve";
  return message.kind == Message::Kind::acknowledged ? "acknowledge" : "trigger";
}

nlohmann::json details(const MessageText& text, const Alert& alert) {
  nlohmann::json object{{"labels", json_texts(alert.labels)}};
  const std::pair<const char*, const std::string&> rows[] = {{"description", text.description},
                                                             {"evidence", text.evidence},
                                                             {"first_steps", text.first_steps},
                                                             {"note", text.note},
                                                             {"incident", alert.incident}};
  for (const auto& [name, value] : rows)
    if (!value.empty()) object[name] = clean_utf8(value);
  return object;
}

/// What only a trigger has.
void add_payload(nlohmann::json& event, const Message& message, Alert::Time now) {
  const auto text = message_text(message, now);
  const auto label = [&](const char* name) {
    const auto found = message.alert.labels.find(name);
    return found == message.alert.labels.end() ? std::string{} : clean_utf8(found->second, 255);
  };
  event["payload"] = {{"summary", cut_characters(text.title, most_summary)},
                      {"source", label("stack") + "/" + label("probe")},
                      {"severity", text.severity == "critical" ? "critical" : "warning"},
                      {"timestamp", rfc3339(shown_start(message.alert, now))},
                      {"component", label("component")},
                      {"group", label("stack")},
                      {"class", label("alertname")},
                      {"custom_details", details(text, message.alert)}};
  event["client"] = "superset-healthd";
  if (const auto page = shown_link(message.alert); !page.empty()) event["client_url"] = page;
  auto links = nlohmann::json::array();
  for (const auto& [name, link] : text.links) links.push_back({{"href", link}, {"text", name}});
  event["links"] = std::move(links);
}

std::string to_event(const Message& message, const Secret& routing_key) {
  nlohmann::json event{{"routing_key", routing_key.reveal()},
                       {"event_action", action_of(message)},
                       {"dedup_key", "healthd:" + fingerprint(message.alert.labels).substr(0, 32)}};
  if (action_of(message) == "trigger") add_payload(event, message, std::chrono::system_clock::now());
  auto body = event.dump();
  if (body.size() <= most_event_bytes) return body;
  event["payload"]["custom_details"] = {{"note", "The details were too long for one event."}};
  return event.dump();
}

class PagerDuty final : public Notifier {
 public:
  PagerDuty(std::string name, PostTarget target, Secret routing_key, Resolver& resolver)
      : name_{std::move(name)},
        target_{std::move(target)},
        routing_key_{std::move(routing_key)},
        resolver_{resolver} {}

  const std::string& name() const override { return name_; }
  Manners manners() const override { return {.keeps_open = true, .acknowledges = true, .most_messages = 8}; }

  asio::awaitable<std::vector<Delivery>> send(std::vector<Message> messages, Deadline deadline) override {
    std::vector<Delivery> answers;
    for (const auto& message : messages) {
      answers.push_back(co_await post(message, deadline));
      if (answers.back().kind == Delivery::Kind::retry) break;  // the others would fare no better
    }
    if (answers.size() == messages.size()) co_return answers;
    auto same = answers.back();
    same.may_have_arrived = false;
    answers.resize(messages.size(), same);
    co_return answers;
  }

 private:
  asio::awaitable<Delivery> post(const Message& message, Deadline deadline) {
    // The answer is not quoted: it may repeat the routing key.
    auto posted =
        co_await post_json(resolver_, target_, Headers{}, to_event(message, routing_key_), false, deadline);
    auto& delivery = posted.delivery;
    if (delivery.kind == Delivery::Kind::sent && posted.status != accepted) {
      delivery.kind = Delivery::Kind::retry;
      delivery.reason = "rejected";
      delivery.detail = "HTTP " + std::to_string(posted.status) + ", where PagerDuty answers 202";
    }
    co_return delivery;
  }

  const std::string name_;
  const PostTarget target_;
  const Secret routing_key_;
  Resolver& resolver_;
};

}  // namespace

std::vector<std::unique_ptr<Notifier>> make_pagerduty(ReceiverConfig& config, NotifierTools tools) {
  auto& options = config.options;
  auto key = options.secret("routing_key");
  if (!key && !options.has("routing_key") && !options.has("routing_key_file") && !options.has("credential"))
    options.error("routing_key_file", "routing_key_file or credential is needed");
  auto target = read_post_target(options, "url", options.text("url", default_url), tools);
  std::vector<std::unique_ptr<Notifier>> notifiers;
  if (!key) return notifiers;
  notifiers.push_back(
      std::make_unique<PagerDuty>(config.name, std::move(target), std::move(*key), tools.resolver));
  return notifiers;
}

}  // namespace healthd
