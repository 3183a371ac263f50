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

/// Refusals that concern single alerts while the others went through.
void note_refusal(Delivery& sum, const Delivery& refusal, const Alert& alert, std::size_t of) {
  const auto name = alert.labels.find("alertname");
  const auto text = clean_utf8(name == alert.labels.end() ? "an alert without a name" : name->second, 64);
  if (sum.kind == Delivery::Kind::sent) {
    sum = refusal;
    sum.detail = "refused of " + std::to_string(of) + " alerts, the others were accepted: " + text + ": " +
                 refusal.detail;
  } else {
    sum.detail = (sum.detail + ", " + text).substr(0, 512);
  }
}

class Alertmanager final : public Notifier {
 public:
  Alertmanager(std::string name, PostTarget target, std::chrono::milliseconds resend, Resolver& resolver)
      : name_{std::move(name)}, target_{std::move(target)}, resend_{resend}, resolver_{resolver} {
    while (target_.url.path.ends_with('/')) target_.url.path.pop_back();
    target_.url.path += "/api/v2/alerts";
  }

  const std::string& name() const override { return name_; }
  std::optional<std::chrono::milliseconds> resend() const override { return resend_; }

  asio::awaitable<Delivery> send(std::vector<Alert> alerts, Deadline deadline) override {
    Delivery sum{Delivery::Kind::sent, "", "", std::nullopt};
    for (std::size_t first = 0; first < alerts.size(); first += most_alerts) {
      const auto count = std::min(most_alerts, alerts.size() - first);
      const std::span<const Alert> part{alerts.data() + first, count};
      auto delivery = co_await send_part(part, deadline);
      if (delivery.kind == Delivery::Kind::retry) co_return delivery;  // the rest would meet the same
      if (delivery.kind == Delivery::Kind::rejected) sum = std::move(delivery);
    }
    co_return sum;
  }

 private:
  asio::awaitable<Delivery> send_part(std::span<const Alert> alerts, Deadline deadline) {
    auto posted = co_await post(alerts, deadline);
    if (alerts.size() < 2 || !one_is_bad(posted.status)) co_return posted.delivery;

    Delivery sum{Delivery::Kind::sent, "", "", std::nullopt};
    for (std::size_t i = 0; i < alerts.size(); ++i) {
      const auto single = co_await post(alerts.subspan(i, 1), deadline);
      if (single.delivery.kind == Delivery::Kind::retry) co_return single.delivery;
      if (single.delivery.kind == Delivery::Kind::rejected)
        note_refusal(sum, single.delivery, alerts[i], alerts.size());
    }
    co_return sum;
  }

  asio::awaitable<Posted> post(std::span<const Alert> alerts, Deadline deadline) {
    const auto now = std::chrono::system_clock::now();
    const auto lead = std::max(4 * resend_, least_lead);
    auto list = nlohmann::json::array();
    for (const Alert& alert : alerts) list.push_back(to_json(alert, now, lead));
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
