#include "exporters/post.hpp"

#include <algorithm>

#include "exporters/text.hpp"
#include "probes/net/http.hpp"
#include "probes/net/retry_after.hpp"
#include "probes/with_deadline.hpp"

namespace healthd {
namespace {

constexpr std::chrono::seconds least_wait{1};
constexpr std::chrono::seconds longest_wait{15 * 60};
constexpr std::size_t quote_bytes = 200;

Posted retry(std::string reason, std::string detail) {
  Posted posted;
  posted.delivery.kind = Delivery::Kind::retry;
  posted.delivery.reason = std::move(reason);
  posted.delivery.detail = std::move(detail);
  return posted;
}

/// What a status code means for the same message sent again.
struct Meaning {
  int first, last;
  Delivery::Kind kind;
  std::string_view reason;
};
constexpr Meaning meanings[] = {
    {200, 299, Delivery::Kind::sent, ""},
    {408, 408, Delivery::Kind::retry, "http_4xx"},
    {425, 425, Delivery::Kind::retry, "http_4xx"},
    {429, 429, Delivery::Kind::retry, "http_429"},
    {400, 499, Delivery::Kind::rejected, "http_4xx"},
    {500, 599, Delivery::Kind::retry, "http_5xx"},
    {0, 999, Delivery::Kind::rejected, "rejected"},
};

std::optional<std::chrono::seconds> asked_wait(const HttpResponse& response) {
  const auto asked = retry_after(response.header("retry-after"), std::chrono::system_clock::now());
  if (!asked) return std::nullopt;
  return std::clamp(*asked, least_wait, longest_wait);
}

std::optional<std::chrono::seconds> clock_behind(const HttpResponse& response) {
  const auto moment = http_date(response.header("date"));
  if (!moment) return std::nullopt;
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) - *moment;
}

Posted judge_answer(const HttpResponse& response, bool quote) {
  const auto holds = [&](const Meaning& m) {
    return m.first <= response.status && response.status <= m.last;
  };
  const auto& meaning = *std::ranges::find_if(meanings, holds);
  Posted posted;
  posted.status = response.status;
  posted.body = response.body;
  posted.clock_behind = clock_behind(response);
  posted.delivery.may_have_arrived = true;
  posted.delivery.kind = meaning.kind;
  posted.delivery.reason = meaning.reason;
  if (meaning.kind == Delivery::Kind::sent) return posted;
  posted.delivery.detail = "HTTP " + std::to_string(response.status);
  if (quote && !response.body.empty())
    posted.delivery.detail += ": " + clean_utf8(response.body, quote_bytes);
  if (meaning.kind == Delivery::Kind::retry) posted.delivery.retry_after = asked_wait(response);
  return posted;
}

/// A proxy passes TLS on as it is (CONNECT), and reads plain HTTP.
asio::awaitable<Connection> open(Resolver& resolver, Trace& trace, const PostTarget& target) {
  const auto* proxy = target.proxy ? &*target.proxy : nullptr;
  const auto& endpoint = target.url.endpoint;
  if (target.tls) co_return co_await dial(resolver, trace, endpoint, &*target.tls, proxy, no_receiver_there);
  const auto& next = proxy != nullptr ? proxy->endpoint : endpoint;
  if (auto forbidden = judge_literal(endpoint.host, no_receiver_there); !forbidden.empty()) {
    Connection none;
    none.failure = {Reason::unreachable, std::move(forbidden)};
    co_return none;
  }
  co_return co_await dial(resolver, trace, next, nullptr, nullptr, no_receiver_there);
}

/// A proxy that reads the request has to be told where it goes.
void address_to_proxy(const PostTarget& target, HttpRequest& request) {
  if (!target.proxy || target.tls) return;
  request.target = "http://" + request.host + request.target;
  if (auto value = proxy_authorization(*target.proxy); !value.empty())
    request.headers.emplace_back("Proxy-Authorization", std::move(value));
}

asio::awaitable<Posted> exchange(Resolver& resolver, Trace& trace, const PostTarget& target,
                                 HttpRequest request, bool quote) {
  auto connection = co_await open(resolver, trace, target);
  if (!connection.stream) co_return retry("connect", connection.failure.detail);
  const auto response = co_await http_exchange(*connection.stream, trace, std::move(request));
  if (!response) {
    auto lost = retry("connect", response.error().detail);
    lost.delivery.may_have_arrived = true;
    co_return lost;
  }
  co_return judge_answer(*response, quote);
}

}  // namespace

std::string read_url_text(Options& options) {
  const bool open = options.has("url");
  if (open && (options.has("url_file") || options.has("credential")))
    options.error("url", "url: give either this or url_file, not both");
  if (open) return options.text("url");
  const auto secret = options.secret("url");
  if (!secret) options.error("url", "url or url_file is needed");
  return secret ? std::string{secret->reveal()} : std::string{};
}

PostTarget read_post_target(Options& options, std::string_view key, std::string_view text,
                            NotifierTools tools) {
  PostTarget target;
  target.url = parse_url(options, key, text, {{"https", 443}, {"http", 80}});
  target.proxy = read_proxy(options);
  if (target.url.scheme != "https") return target;
  target.tls = tools.tls.client(options, target.url.endpoint.host);
  return target;
}

namespace {

asio::awaitable<Posted> ask(Resolver& resolver, const PostTarget& target, HttpRequest request, bool quote,
                            Deadline deadline) {
  request.host = host_header(target.url);
  address_to_proxy(target, request);
  Trace trace;
  auto work = exchange(resolver, trace, target, std::move(request), quote);
  auto posted = co_await with_deadline(std::move(work), deadline);
  if (posted) co_return std::move(*posted);
  auto late = retry("timeout", timed_out(trace).detail);
  late.delivery.may_have_arrived = trace.current() >= Phase::request;
  co_return late;
}

}  // namespace

asio::awaitable<Posted> post_json(Resolver& resolver, const PostTarget& target, Headers headers,
                                  std::string body, bool quote, Deadline deadline) {
  HttpRequest request;
  request.method = "POST";
  request.target = target.url.path;
  request.headers = std::move(headers);
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = std::move(body);
  auto asked = ask(resolver, target, std::move(request), quote, deadline);
  co_return co_await std::move(asked);
}

asio::awaitable<Posted> get_page(Resolver& resolver, const PostTarget& target, std::string path,
                                 Deadline deadline) {
  HttpRequest request;
  request.target = std::move(path);
  auto asked = ask(resolver, target, std::move(request), false, deadline);
  co_return co_await std::move(asked);
}

}  // namespace healthd
