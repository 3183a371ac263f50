// Alertmanager, API v2. It forgets what is not told again and then says "resolved" by itself; so everything
// is re-sent in time, and `endsAt` of a firing alert lies far enough ahead to survive two lost messages.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <span>

#include "exporters/alert_json.hpp"
#include "exporters/notifier.hpp"
#include "exporters/post.hpp"
#include "exporters/text.hpp"

namespace healthd {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t most_alerts = 64;  ///< in one message
constexpr milliseconds default_resend{30'000};
constexpr milliseconds least_resend{1'000};
constexpr milliseconds least_lead{180'000};
/// Before a stop: an upgrade must not look like the end of an alert.
constexpr milliseconds farewell_lead{600'000};
constexpr milliseconds send_timeout{10'000};
/// What a restart of ours and clocks that differ may cost on top of two lost messages.
constexpr milliseconds restart_and_skew{55'000};
/// Longer than the usual group_wait of 30 s: a resolve within it would take the firing back untold.
constexpr milliseconds default_replay_wait{45'000};
constexpr milliseconds longest_replay_wait{600'000};
constexpr std::chrono::minutes status_holds{1};
constexpr std::chrono::seconds allowed_skew{30};
/// The receipt of an alert whose end was taken: nothing is left to be told anew.
constexpr std::string_view ended = "ended";

/// Statuses by which Alertmanager refuses a message because of one alert in it.
bool one_is_bad(int status) { return status == 400 || status == 413 || status == 422; }

bool is_over(const Alert& alert) { return alert.state == AlertState::resolved; }

/// Far enough ahead to survive two lost messages.
milliseconds lead_of(milliseconds resend) {
  return std::max({4 * resend, least_lead, 2 * resend + send_timeout + restart_and_skew});
}

nlohmann::json to_json(const Message& message, Alert::Time now, milliseconds lead) {
  const Alert& alert = message.alert;
  auto annotations = json_texts(alert.annotations);
  if (!message.note.empty()) annotations["note"] = clean_utf8(message.note, 4096);
  nlohmann::json json{
      {"labels", json_texts(alert.labels)},
      {"annotations", std::move(annotations)},
      {"startsAt", rfc3339(shown_start(alert, now))},
      {"endsAt", rfc3339(is_over(alert) ? shown_end(alert, now)
                                        : now + (message.farewell ? std::max(lead, farewell_lead) : lead))},
  };
  if (const auto link = shown_link(alert); !link.empty()) json["generatorURL"] = link;
  return json;
}

/// What is left when everything that Alertmanager might refuse is taken away.
Message bare(Message message) {
  message.alert.generator_url.clear();
  std::erase_if(message.alert.annotations, [](const auto& entry) { return entry.first != "summary"; });
  message.note.clear();
  return message;
}

Message as_firing(Message message) {
  message.alert.state = AlertState::firing;
  message.alert.ends_at.reset();
  return message;
}

/// Between the moment of a replay and the instance, in the receipt of what was told anew.
constexpr const char* replayed_mark = " replayed to ";

struct Receipt {
  std::string_view instance;
  std::optional<milliseconds> replayed_at;  ///< since 1970
};

Receipt read_receipt(std::string_view text) {
  const auto mark = text.find(replayed_mark);
  if (mark == std::string_view::npos) return {text, std::nullopt};
  long long count = 0;
  std::from_chars(text.data(), text.data() + mark, count);
  return {text.substr(mark + std::string_view{replayed_mark}.size()), milliseconds{count}};
}

struct AlertmanagerSettings {
  milliseconds resend, replay_wait;
  bool replay;
};

class Alertmanager final : public Notifier {
 public:
  Alertmanager(std::string name, PostTarget target, AlertmanagerSettings settings, Resolver& resolver)
      : name_{std::move(name)}, target_{std::move(target)}, settings_{settings}, resolver_{resolver} {
    auto& path = target_.url.path;
    while (path.ends_with('/')) path.pop_back();
    status_path_ = path + "/api/v2/status";
    path += "/api/v2/alerts";
  }

  const std::string& name() const override { return name_; }
  Manners manners() const override {
    return {.resend = settings_.resend,
            .keeps_open = true,
            .takes_watchdog = true,
            .most_messages = most_alerts,
            .timeout = send_timeout};
  }

  asio::awaitable<std::vector<Delivery>> send(std::vector<Message> messages, Deadline deadline) override {
    const bool ends_one = std::ranges::any_of(messages, [this](const Message& m) { return may_replay(m); });
    std::optional<Delivery> failure;
    if (settings_.replay) failure = co_await learn_instance(ends_one, deadline);
    std::vector<Delivery> answers(messages.size(), failure.value_or(Delivery{}));
    std::vector<Message> posted;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      if (const auto left = replay_left(messages[i]); left.count() > 0) {
        answers[i] = patience(messages[i].receipt, left);
        continue;
      }
      // Without an answer nobody knows whether it still remembers what is to end.
      if (failure && may_replay(messages[i])) continue;
      posted.push_back(replays(messages[i]) ? as_firing(messages[i]) : messages[i]);
      places.push_back(i);
    }
    if (posted.empty()) co_return answers;
    const auto taken = co_await post_all(posted, deadline);
    for (std::size_t i = 0; i < taken.size(); ++i)
      answers[places[i]] = receipted(taken[i], messages[places[i]]);
    co_return answers;
  }

 private:
  /// The end of an alert that it was told of: it forgets when it restarts, and would not pass the end on.
  bool may_replay(const Message& message) const {
    return settings_.replay && is_over(message.alert) && !message.receipt.empty() && message.receipt != ended;
  }

  bool replays(const Message& message) const {
    return may_replay(message) && !instance_.empty() && read_receipt(message.receipt).instance != instance_;
  }

  Delivery receipted(Delivery answer, const Message& message) const {
    const bool replayed = replays(message);
    if (answer.kind != Delivery::Kind::sent) return answer;
    answer.receipt = is_over(message.alert) ? std::string{ended} : instance_;
    if (!replayed) return answer;
    const auto now = std::chrono::floor<milliseconds>(std::chrono::system_clock::now().time_since_epoch());
    return patience(std::to_string(now.count()) + replayed_mark + instance_, settings_.replay_wait);
  }

  /// How long the end of an alert that was told anew has to wait: also where a stop or a restart of ours
  /// hurries.
  milliseconds replay_left(const Message& message) const {
    const auto receipt = read_receipt(message.receipt);
    if (!is_over(message.alert) || !receipt.replayed_at || receipt.instance != instance_) return {};
    const auto now = std::chrono::floor<milliseconds>(std::chrono::system_clock::now().time_since_epoch());
    const auto since = now - *receipt.replayed_at;
    if (since < milliseconds{0}) return {};  // our clock was set back
    return std::max(settings_.replay_wait - since, milliseconds{0});
  }

  static Delivery patience(std::string receipt, milliseconds left) {
    Delivery answer;
    answer.detail = "it has restarted since it was told: told anew, and that it is over later";
    answer.retry_after = std::chrono::ceil<std::chrono::seconds>(left);
    answer.receipt = std::move(receipt);
    return answer;
  }

  /// Asks which instance this is, always before it answers for what is posted: one that restarts in between
  /// then counts as the old one, and is told anew. What kept an answer from coming is returned.
  asio::awaitable<std::optional<Delivery>> learn_instance(bool now, Deadline deadline) {
    if (!now && Deadline::Clock::now() - asked_at_ < status_holds) co_return std::nullopt;
    const auto soon = deadline.sooner(Deadline::in(deadline.left() / 2));
    const auto answer = co_await get_page(resolver_, target_, status_path_, soon);
    if (answer.status == 0) {
      auto failure = answer.delivery;
      failure.may_have_arrived = false;
      co_return failure;
    }
    asked_at_ = Deadline::Clock::now();
    const auto status = nlohmann::json::parse(answer.body, nullptr, false);
    const bool known = answer.status == 200 && status.is_object() && status.contains("uptime");
    instance_ = known && status["uptime"].is_string() ? status["uptime"].get<std::string>() : "";
    co_return std::nullopt;
  }

  /// All in one message; where one alert is refused, what is left of them in smaller ones. After a 400 all
  /// but the bad ones have been taken, after a 422 none.
  asio::awaitable<std::vector<Delivery>> post_all(const std::vector<Message>& messages, Deadline deadline) {
    std::vector<Delivery> answers(messages.size());
    std::vector<std::span<const Message>> parts{messages};
    while (!parts.empty()) {
      const auto part = parts.back();
      parts.pop_back();
      const auto first = static_cast<std::size_t>(part.data() - messages.data());
      const auto posted = co_await post(part, deadline);
      if (part.size() > 1 && one_is_bad(posted.status)) {
        const auto size = posted.status == 400 ? std::size_t{1} : (part.size() + 1) / 2;
        const auto begin = parts.size();
        for (std::size_t at = 0; at < part.size(); at += size)
          parts.push_back(part.subspan(at, std::min(size, part.size() - at)));
        std::reverse(parts.begin() + static_cast<std::ptrdiff_t>(begin), parts.end());
        continue;
      }
      auto answer = posted.delivery;
      if (one_is_bad(posted.status)) answer = co_await post_bare(part.front(), std::move(answer), deadline);
      std::fill_n(answers.begin() + static_cast<std::ptrdiff_t>(first), part.size(), answer);
    }
    co_return answers;
  }

  /// One that is refused as it is: rather a page without its evidence than no page.
  asio::awaitable<Delivery> post_bare(const Message& message, Delivery refusal, Deadline deadline) {
    const auto less = bare(message);
    auto answer = (co_await post(std::span{&less, 1}, deadline)).delivery;
    const auto name = message.alert.labels.find("alertname");
    const auto who = name == message.alert.labels.end() ? std::string{"an alert"} : name->second;
    if (answer.kind == Delivery::Kind::sent) {
      answer.detail = who + ": sent without link and annotations, after " + refusal.detail;
      co_return answer;
    }
    if (answer.kind == Delivery::Kind::rejected) answer.detail = who + ": " + refusal.detail;
    co_return answer;
  }

  asio::awaitable<Posted> post(std::span<const Message> messages, Deadline deadline) {
    const auto now = std::chrono::system_clock::now();
    const auto lead = lead_of(settings_.resend);
    auto list = nlohmann::json::array();
    for (const auto& message : messages) list.push_back(to_json(message, now, lead));
    auto posted = co_await post_json(resolver_, target_, Headers{}, list.dump(), true, deadline);
    // Its clock decides when an alert ends.
    if (posted.clock_behind && std::chrono::abs(*posted.clock_behind) > allowed_skew &&
        posted.delivery.kind == Delivery::Kind::sent)
      posted.delivery.detail =
          "its clock differs from ours by " + std::to_string(std::abs(posted.clock_behind->count())) + " s";
    co_return posted;
  }

  const std::string name_;
  PostTarget target_;
  std::string status_path_;
  const AlertmanagerSettings settings_;
  Resolver& resolver_;
  std::string instance_;  ///< its `uptime`, the moment of its start; "" while unknown
  Deadline::Clock::time_point asked_at_{};
};

AlertmanagerSettings read_alertmanager(Options& options) {
  AlertmanagerSettings settings{};
  settings.resend = options.duration("resend", default_resend);
  if (settings.resend < least_resend) {
    options.error("resend", "resend: at least 1s");
    settings.resend = least_resend;
  }
  const auto wait = options.duration("replay_wait", milliseconds{0}, longest_replay_wait);
  settings.replay_wait = wait.value_or(default_replay_wait);
  settings.replay = options.flag("replay", true);
  return settings;
}

}  // namespace

std::vector<std::unique_ptr<Notifier>> make_alertmanager(ReceiverConfig& config, NotifierTools tools) {
  auto& options = config.options;
  const auto urls = options.texts("urls");
  if (urls.empty()) options.error("urls", "urls: at least one Alertmanager is needed");
  const auto settings = read_alertmanager(options);
  std::vector<std::unique_ptr<Notifier>> notifiers;
  for (std::size_t i = 0; i < urls.size(); ++i) {
    auto target = read_post_target(options, "urls", urls[i], tools);
    auto name = urls.size() == 1 ? config.name : config.name + "/" + std::to_string(i);
    notifiers.push_back(
        std::make_unique<Alertmanager>(std::move(name), std::move(target), settings, tools.resolver));
  }
  return notifiers;
}

}  // namespace healthd
