// Alertmanager, API v2. It forgets what is not told again and then says "resolved" by itself; so everything
// is re-sent in time, and `endsAt` of a firing alert lies far enough ahead to survive two lost messages.
#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "exporters/alert_json.hpp"
#include "exporters/notifier.hpp"
#include "exporters/post.hpp"
#include "exporters/text.hpp"

namespace healthd {
namespace {

constexpr std::size_t most_alerts = 64;  ///< in one message
constexpr std::chrono::milliseconds default_resend{30'000};
constexpr std::chrono::milliseconds least_resend{1'000};
constexpr std::chrono::milliseconds least_lead{180'000};

/// Statuses by which Alertmanager refuses a message because of one alert in it.
bool one_is_bad(int status) { return status == 400 || status == 422; }

nlohmann::json to_json(const Alert& alert, Alert::Time now, std::chrono::milliseconds lead) {
  nlohmann::json json{
      {"labels", json_texts(alert.labels)},
      {"annotations", json_texts(alert.annotations)},
      {"startsAt", rfc3339(shown_start(alert, now))},
      {"endsAt", rfc3339(alert.state == AlertState::resolved ? shown_end(alert, now) : now + lead)},
  };
  if (const auto link = shown_link(alert); !link.empty()) json["generatorURL"] = link;
  return json;
}

class Alertmanager final : public Notifier {
 public:
  Alertmanager(std::string name, PostTarget target, std::chrono::milliseconds resend, Resolver& resolver)
      : name_{std::move(name)}, target_{std::move(target)}, resend_{resend}, resolver_{resolver} {
    while (target_.url.path.ends_with('/')) target_.url.path.pop_back();
    target_.url.path += "/api/v2/alerts";
  }

  const std::string& name() const override { return name_; }
  Manners manners() const override {
    return {.resend = resend_, .keeps_open = true, .takes_watchdog = true, .most_messages = most_alerts};
  }

  asio::awaitable<std::vector<Delivery>> send(std::vector<Message> messages, Deadline deadline) override {
    const auto posted = co_await post(messages, deadline);
    std::vector<Delivery> answers(messages.size(), posted.delivery);
    if (messages.size() < 2 || !one_is_bad(posted.status)) co_return answers;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const auto single = co_await post(std::span{messages}.subspan(i, 1), deadline);
      answers[i] = single.delivery;
    }
    co_return answers;
  }

 private:
  asio::awaitable<Posted> post(std::span<const Message> messages, Deadline deadline) {
    const auto now = std::chrono::system_clock::now();
    const auto lead = std::max(4 * resend_, least_lead);
    auto list = nlohmann::json::array();
    for (const auto& message : messages) list.push_back(to_json(message.alert, now, lead));
    Headers headers;
    co_return co_await post_json(resolver_, target_, std::move(headers), list.dump(), true, deadline);
  }

  const std::string name_;
  PostTarget target_;
  const std::chrono::milliseconds resend_;
  Resolver& resolver_;
};

}  // namespace

std::vector<std::unique_ptr<Notifier>> make_alertmanager(ReceiverConfig& config, NotifierTools tools) {
  auto& options = config.options;
  const auto urls = options.texts("urls");
  if (urls.empty()) options.error("urls", "urls: at least one Alertmanager is needed");
  auto resend = options.duration("resend", default_resend);
  if (resend < least_resend) {
    options.error("resend", "resend: at least 1s");
    resend = least_resend;
  }
  std::vector<std::unique_ptr<Notifier>> notifiers;
  for (std::size_t i = 0; i < urls.size(); ++i) {
    auto target = read_post_target(options, "urls", urls[i], tools);
    auto name = urls.size() == 1 ? config.name : config.name + "/" + std::to_string(i);
    notifiers.push_back(
        std::make_unique<Alertmanager>(std::move(name), std::move(target), resend, tools.resolver));
  }
  return notifiers;
}

}  // namespace healthd
