// E-mail by a smarthost. What changes within a minute comes in one mail.
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>

#include "config/path_option.hpp"
#include "exporters/mail.hpp"
#include "exporters/message_text.hpp"
#include "exporters/notifier.hpp"
#include "exporters/smtp.hpp"
#include "probes/net/address_policy.hpp"
#include "probes/with_deadline.hpp"

namespace healthd {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds default_digest{60'000};
constexpr milliseconds longest_digest{3'600'000};
constexpr milliseconds send_timeout{60'000};
/// Left for the answer to come back from the other thread.
constexpr milliseconds margin{250};
constexpr std::chrono::hours default_reminder{4};
constexpr std::uint16_t submission_port = 587;

/// Names one telling of one firing, also across restarts: a mail that is sent again has the same.
std::string telling(const Message& message, std::string_view state, WallTime now) {
  const auto& alert = message.alert;
  const auto began = std::chrono::floor<milliseconds>(alert.starts_at.time_since_epoch()).count();
  auto name = fingerprint(alert.labels).substr(0, 32) + "." + std::to_string(began) + ".";
  for (const char c : state) name += c == ' ' ? '-' : c;
  // Each reminder is a mail of its own; one that is tried again within the hour is not.
  if (message.kind == Message::Kind::reminder)
    name += std::to_string(std::chrono::floor<std::chrono::hours>(now - alert.starts_at).count());
  return name;
}

void add_part(std::string& body, std::string_view name, const std::string& text) {
  if (!text.empty()) body += "\n" + std::string{name} + ":\n" + text + "\n";
}

std::string part_of(const MessageText& text) {
  auto body = text.title + "\n\n";
  for (const auto& [name, value] : text.facts) body += std::string{name} + ": " + value + "\n";
  add_part(body, "Note", text.note);
  add_part(body, "What it means", text.description);
  add_part(body, "First steps", text.first_steps);
  add_part(body, "Evidence", text.evidence);
  if (!text.links.empty()) body += "\n";
  for (const auto& [name, link] : text.links) body += std::string{name} + ": " + link + "\n";
  return body;
}

class Email final : public Notifier {
 public:
  struct Settings {
    Smarthost host;
    std::string from;
    std::vector<std::string> to;
    milliseconds digest{default_digest};
  };

  Email(std::string name, Settings settings, Resolver& resolver)
      : name_{std::move(name)},
        settings_{std::make_shared<const Settings>(std::move(settings))},
        resolver_{resolver} {}
  ~Email() override {
    if (job_) job_->stop = true;
    pool_.join();
  }
  Email(const Email&) = delete;
  Email& operator=(const Email&) = delete;

  const std::string& name() const override { return name_; }
  Manners manners() const override {
    return {.tells_missed = true,
            .reminder = default_reminder,
            .timeout = send_timeout,
            .pause = settings_->digest};
  }

  asio::awaitable<std::vector<Delivery>> send(std::vector<Message> messages, Deadline deadline) override {
    if (messages.empty()) co_return std::vector<Delivery>{};
    auto lookup = resolver_.resolve(settings_->host.host);
    auto found = co_await with_deadline(std::move(lookup), deadline);
    if (!found || !*found) {
      const auto detail = found ? found->error().detail : std::string{"the name was not resolved in time"};
      const Delivery failure{Delivery::Kind::retry, found ? "connect" : "timeout", detail, {}, false, ""};
      co_return std::vector<Delivery>(messages.size(), failure);
    }
    if (const auto forbidden = keep_allowed(settings_->host.host, **found, no_receiver_there);
        !forbidden.empty()) {
      const Delivery failure{Delivery::Kind::retry, "connect", forbidden, {}, false, ""};
      co_return std::vector<Delivery>(messages.size(), failure);
    }
    auto envelope = compose(messages);
    const auto answer = co_await hand_over(std::move(**found), std::move(envelope), deadline);
    co_return std::vector<Delivery>(messages.size(), answer);
  }

 private:
  /// Shared by the loop and the thread that waits for the server; whichever ends first leaves it to the
  /// other.
  struct Job {
    explicit Job(const asio::any_io_executor& executor) : done{executor} {}
    std::atomic<bool> stop = false;
    std::optional<Delivery> answer;  ///< the loop's
    asio::steady_timer done;
  };

  std::string id(const std::string& name) const { return "<" + name + "@" + settings_->host.hello + ">"; }

  Envelope compose(const std::vector<Message>& messages) const {
    Mail mail;
    mail.from = settings_->from;
    mail.to = settings_->to;
    mail.date = std::chrono::system_clock::now();
    std::vector<MessageText> texts;
    std::map<std::string, std::string> tellings;
    for (const auto& message : messages) {
      texts.push_back(message_text(message, mail.date));
      tellings[telling(message, texts.back().state, mail.date)];
      mail.body += (mail.body.empty() ? "" : "\n----------\n\n") + part_of(texts.back());
    }
    const bool one = messages.size() == 1;
    mail.subject = one ? texts.front().title : count_text(texts);
    mail.message_id = id(one ? tellings.begin()->first : "digest." + fingerprint(tellings).substr(0, 40));
    const auto first = telling({.alert = messages.front().alert}, "FIRING", mail.date);
    if (one && id(first) != mail.message_id) mail.references = id(first);
    return {mail.from, mail.to, mail_text(mail)};
  }

  asio::awaitable<Delivery> hand_over(Resolver::Addresses addresses, Envelope envelope, Deadline deadline) {
    const auto executor = co_await asio::this_coro::executor;
    const auto job = std::make_shared<Job>(executor);
    job->done.expires_at(deadline.when());
    job_ = job;
    const auto left = std::chrono::floor<milliseconds>(deadline.left()) - margin;
    asio::post(pool_, [job, executor, settings = settings_, addresses = std::move(addresses),
                       envelope = std::move(envelope), left] {
      auto answer = send_mail(settings->host, addresses, envelope, left, job->stop);
      asio::post(executor, [job, answer = std::move(answer)] {
        job->answer = answer;
        job->done.cancel();
      });
    });
    co_await job->done.async_wait(asio::as_tuple(asio::use_awaitable));
    job->stop = true;
    if (job->answer) co_return *job->answer;
    co_return Delivery{Delivery::Kind::retry, "timeout", "the mail server did not answer", {}, true, ""};
  }

  const std::string name_;
  const std::shared_ptr<const Settings> settings_;
  Resolver& resolver_;
  std::shared_ptr<Job> job_;   ///< the last one
  asio::thread_pool pool_{1};  ///< of its own: a server that hangs delays nobody else
};

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

bool is_host_name(std::string_view text) {
  const auto plain = [](unsigned char c) { return std::isalnum(c) || c == '.' || c == '-' || c == '_'; };
  return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, plain);
}

/// `host:port`, `[::1]:port` or `host`.
void read_smarthost(Options& options, Smarthost& host) {
  const auto text = options.require_text("smarthost");
  const auto colon = text.rfind(':');
  const bool bare = colon == std::string::npos || text.ends_with(']');
  host.port = submission_port;
  host.host = bare ? text : text.substr(0, colon);
  if (!bare) {
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, host.port);
    if (error != std::errc{} || stop != end || host.port == 0)
      options.error("smarthost", "smarthost: expected host:port, such as mail.example.com:587");
  }
  if (host.host.starts_with('[') && host.host.ends_with(']'))
    host.host = host.host.substr(1, host.host.size() - 2);
  else if (!text.empty() && !is_host_name(host.host))
    options.error("smarthost", "smarthost: expected host:port, such as mail.example.com:587");
}

void read_tls(Options& options, Smarthost& host, TlsContexts& contexts) {
  host.implicit_tls = options.flag("implicit_tls", false);
  host.starttls = options.choice("starttls", "required", {"required", "off"}) == "required";
  (void)contexts.client(options, host.host);  // says which file does not load
  auto tls = options.map("tls");
  host.ca_file = path_option(tls, "ca_file");
  host.cert_file = path_option(tls, "cert_file");
  host.key_file = path_option(tls, "key_file");
  host.server_name = tls.text("server_name");
  host.verify = !tls.flag("insecure_skip_verify", false);
  if (!host.server_name.empty() && !is_host_name(host.server_name))
    tls.error("server_name", "server_name: expected the name of a host");
}

void read_login(Options& options, Smarthost& host) {
  host.username = options.text("username");
  if (auto password = options.secret("password")) host.password = std::move(*password);
  if (host.username.empty() != host.password.empty())
    options.error("username", "username and password_file: give both or neither");
  if (!host.username.empty() && !host.implicit_tls && !host.starttls)
    options.error("starttls", "starttls: a password is not sent without TLS");
}

void check_addresses(Options& options, const Email::Settings& settings) {
  if (settings.to.empty()) options.error("to", "to: at least one address is needed");
  for (const auto& address : settings.to)
    if (!is_mail_address(address))
      options.error("to", "to: expected plain addresses, such as ops@example.com");
  if (!is_mail_address(settings.from))
    options.error("from", "from: expected a plain address, such as healthd@example.com");
}

}  // namespace

std::vector<std::unique_ptr<Notifier>> make_email(ReceiverConfig& config, NotifierTools tools) {
  auto& options = config.options;
  Email::Settings settings;
  settings.to = options.texts("to");
  settings.from = options.text("from");
  check_addresses(options, settings);
  read_smarthost(options, settings.host);
  read_tls(options, settings.host, tools.tls);
  read_login(options, settings.host);
  settings.host.hello = options.text("hello", host_name());
  if (!is_host_name(settings.host.hello)) options.error("hello", "hello: expected the name of a host");
  settings.digest = options.duration("digest", milliseconds{0}, longest_digest).value_or(default_digest);
  std::vector<std::unique_ptr<Notifier>> notifiers;
  notifiers.push_back(std::make_unique<Email>(config.name, std::move(settings), tools.resolver));
  return notifiers;
}

}  // namespace healthd
