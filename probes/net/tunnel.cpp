#include "probes/net/tunnel.hpp"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <string_view>

#include "probes/net/base64.hpp"
#include "probes/net/url.hpp"

namespace healthd {
namespace {

constexpr auto as_error = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t most_header_bytes = 8 * 1024;
constexpr std::string_view header_end = "\r\n\r\n";

std::string connect_request(const Endpoint& target, const Proxy& proxy) {
  const auto authority = to_string(target);
  std::string text = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n";
  if (const auto value = proxy_authorization(proxy); !value.empty())
    text += "Proxy-Authorization: " + value + "\r\n";
  return text + "\r\n";
}

/// "200" of "HTTP/1.1 200 Connection established"; "" for what is no HTTP.
std::string_view status_of(std::string_view header) {
  constexpr std::string_view version = "HTTP/1.";
  if (!header.starts_with(version) || header.size() < version.size() + 5) return "";
  const auto status = header.substr(version.size() + 2, 3);
  return status.find_first_not_of("0123456789") == std::string_view::npos ? status : "";
}

std::optional<Failure> judge(std::string_view answer, const Proxy& proxy) {
  const auto who = "the proxy " + to_string(proxy.endpoint);
  const auto status = status_of(answer);
  if (status.empty()) return Failure{Reason::protocol, who + " does not speak HTTP"};
  if (status.front() != '2')
    return Failure{Reason::http_status, who + " answered HTTP " + std::string{status} + " to CONNECT"};
  // Behind it the target waits for our TLS hello: bytes that are here already come from somebody else.
  if (answer.find(header_end) + header_end.size() != answer.size())
    return Failure{Reason::protocol, who + " sent more than an answer"};
  return std::nullopt;
}

}  // namespace

std::optional<Proxy> read_proxy(Options& options) {
  if (!options.has("proxy")) return std::nullopt;
  auto map = options.map("proxy");
  Proxy proxy;
  proxy.endpoint = read_url(map, "url", {{"http", 3128}}).endpoint;
  proxy.user = map.text("username");
  if (auto password = map.secret("password")) proxy.password = std::move(*password);
  if (proxy.user.empty() && !proxy.password.empty())
    map.error("password_file", "a password needs a username");
  return proxy;
}

std::string proxy_authorization(const Proxy& proxy) {
  if (proxy.user.empty()) return "";
  return "Basic " + base64_encode(proxy.user + ":" + std::string{proxy.password.reveal()});
}

asio::awaitable<std::optional<Failure>> open_tunnel(asio::ip::tcp::socket& socket, const Endpoint& target,
                                                    const Proxy& proxy) {
  const auto request = connect_request(target, proxy);
  const auto [not_written, written] = co_await asio::async_write(socket, asio::buffer(request), as_error);
  if (not_written) co_return failure_from(not_written);
  std::string answer;
  std::array<char, 1024> chunk;
  while (answer.find(header_end) == std::string::npos) {
    if (answer.size() > most_header_bytes)
      co_return Failure{Reason::too_large, "the answer of the proxy is too large"};
    const auto [error, bytes] = co_await socket.async_read_some(asio::buffer(chunk), as_error);
    if (error) co_return failure_from(error);
    answer.append(chunk.data(), bytes);
  }
  co_return judge(answer, proxy);
}

}  // namespace healthd
