// Slack, by an incoming webhook. Such a message can neither be changed nor recognised later, so each change
// is a new one that begins with the state.
#include <nlohmann/json.hpp>

#include "exporters/message_text.hpp"
#include "exporters/notifier.hpp"
#include "exporters/post.hpp"

namespace healthd {
namespace {

using nlohmann::json;

// Slack's limits are counted in characters.
constexpr std::size_t most_header = 150;
constexpr std::size_t most_section = 3000;
constexpr std::size_t most_field = 2000;
constexpr std::size_t most_evidence = 1200;
constexpr std::size_t most_fields = 10;
constexpr std::size_t most_whole = 5;  ///< more than so many messages become a list
constexpr std::size_t most_listed = 40;
constexpr std::chrono::milliseconds default_pause{1'000};
constexpr std::chrono::milliseconds longest_pause{60'000};
constexpr std::chrono::hours default_reminder{4};

/// Slack's markup knows `&`, `<` and `>`, and nothing calls a channel without them.
std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else
      out += c;
  }
  return out;
}

/// Escaped text of at most `most` characters, and never half an entity.
std::string cut_escaped(std::string_view text, std::size_t most) {
  auto size = most;
  auto out = escape(cut_characters(text, size));
  while (out.size() > 4 * most || cut_characters(out, most) != out) {
    size = size * 3 / 4;
    out = escape(cut_characters(text, size));
  }
  return out;
}

json markdown(std::string text) { return {{"type", "mrkdwn"}, {"text", std::move(text)}}; }
json section(std::string text) { return {{"type", "section"}, {"text", markdown(std::move(text))}}; }

void add_section(json& blocks, const char* name, std::string_view text,
                 std::size_t most = most_section - 100) {
  if (!text.empty()) blocks.push_back(section(std::string{"*"} + name + "*\n" + cut_escaped(text, most)));
}

json fields(const MessageText& text) {
  auto list = json::array();
  for (const auto& [name, value] : text.facts) {
    if (list.size() == most_fields) break;
    list.push_back(markdown("*" + std::string{name} + "*\n" + cut_escaped(value, most_field - 100)));
  }
  return {{"type", "section"}, {"fields", std::move(list)}};
}

std::string links_line(const MessageText& text) {
  std::string line;
  for (const auto& [name, link] : text.links)
    line += (line.empty() ? "<" : " | <") + escape(link) + "|" + std::string{name} + ">";
  return line;
}

/// The count of firings tells a message that arrived twice from a second firing.
json context(const Message& message) {
  const auto line = "firing " + std::to_string(message.alert.sequence) + " of `" +
                    fingerprint(message.alert.labels).substr(0, 12) + "`";
  return {{"type", "context"}, {"elements", json::array({markdown(line)})}};
}

void add_whole(json& blocks, const Message& message, const MessageText& text) {
  blocks.push_back(
      {{"type", "header"},
       {"text",
        {{"type", "plain_text"}, {"emoji", false}, {"text", cut_characters(text.title, most_header)}}}});
  if (!text.note.empty()) blocks.push_back(section("_" + cut_escaped(text.note, most_section - 100) + "_"));
  blocks.push_back(fields(text));
  const bool over = message.alert.state == AlertState::resolved;
  if (!over && message.kind == Message::Kind::state) {
    add_section(blocks, "What it means", text.description);
    add_section(blocks, "First steps", text.first_steps);
    add_section(blocks, "Evidence", text.evidence, most_evidence);
  }
  if (const auto line = links_line(text); !line.empty() && line.size() <= most_section)
    blocks.push_back(section(line));
  blocks.push_back(context(message));
}

void add_listed(json& blocks, const std::vector<MessageText>& texts) {
  for (std::size_t i = 0; i < std::min(texts.size(), most_listed); ++i) {
    auto line = "*" + texts[i].state + "* " +
                cut_escaped(std::string_view{texts[i].title}.substr(texts[i].state.size() + 2), 600);
    for (const auto& [name, link] : texts[i].links)
      if (name == "Runbook" && link.size() < 1000) line += " <" + escape(link) + "|Runbook>";
    if (!texts[i].note.empty()) line += "\n_" + cut_escaped(texts[i].note, 400) + "_";
    blocks.push_back(section(std::move(line)));
  }
  if (texts.size() > most_listed)
    blocks.push_back(section("... and " + std::to_string(texts.size() - most_listed) + " more"));
}

std::string to_body(const std::vector<Message>& messages) {
  std::vector<MessageText> texts;
  for (const auto& message : messages)
    texts.push_back(message_text(message, std::chrono::system_clock::now()));
  const auto headline = texts.size() == 1 ? texts.front().title : count_text(texts);
  auto blocks = json::array();
  if (texts.size() <= most_whole) {
    for (std::size_t i = 0; i < texts.size(); ++i) add_whole(blocks, messages[i], texts[i]);
  } else {
    blocks.push_back(
        {{"type", "header"},
         {"text",
          {{"type", "plain_text"}, {"emoji", false}, {"text", cut_characters(headline, most_header)}}}});
    add_listed(blocks, texts);
  }
  return json{{"text", cut_escaped(headline, most_section)}, {"blocks", std::move(blocks)}}.dump();
}

class Slack final : public Notifier {
 public:
  Slack(std::string name, PostTarget target, std::chrono::milliseconds pause, Resolver& resolver)
      : name_{std::move(name)}, target_{std::move(target)}, pause_{pause}, resolver_{resolver} {}

  const std::string& name() const override { return name_; }
  Manners manners() const override {
    return {.tells_missed = true, .reminder = default_reminder, .pause = pause_};
  }

  asio::awaitable<std::vector<Delivery>> send(std::vector<Message> messages, Deadline deadline) override {
    if (messages.empty()) co_return std::vector<Delivery>{};
    // The answer is not quoted: the URL is a secret, and it may repeat it.
    auto posted = co_await post_json(resolver_, target_, Headers{}, to_body(messages), false, deadline);
    auto& delivery = posted.delivery;
    if (delivery.kind == Delivery::Kind::sent && (posted.status != 200 || posted.body != "ok")) {
      delivery.kind = Delivery::Kind::retry;
      delivery.reason = "rejected";
      delivery.detail = "HTTP " + std::to_string(posted.status) + " without the `ok` that Slack says";
    }
    co_return std::vector<Delivery>(messages.size(), delivery);
  }

 private:
  const std::string name_;
  const PostTarget target_;
  const std::chrono::milliseconds pause_;
  Resolver& resolver_;
};

}  // namespace

std::vector<std::unique_ptr<Notifier>> make_slack(ReceiverConfig& config, NotifierTools tools) {
  auto& options = config.options;
  const bool given =
      options.has("webhook_url") || options.has("webhook_url_file") || options.has("credential");
  if (!given) options.error("webhook_url_file", "webhook_url_file or credential is needed");
  const auto url = options.secret("webhook_url");
  const auto pause = options.duration("pause", std::chrono::milliseconds{0}, longest_pause);
  std::vector<std::unique_ptr<Notifier>> notifiers;
  if (!url) {
    (void)options.map("tls");
    return notifiers;
  }
  auto target = read_post_target(options, "webhook_url", url->reveal(), tools);
  notifiers.push_back(
      std::make_unique<Slack>(config.name, std::move(target), pause.value_or(default_pause), tools.resolver));
  return notifiers;
}

}  // namespace healthd
