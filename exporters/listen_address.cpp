#include "exporters/listen_address.hpp"

#include <boost/asio/ip/address.hpp>
#include <charconv>

namespace healthd {
namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool all_read = end == text.data() + text.size();
  return error == std::errc{} && all_read ? std::optional{port} : std::nullopt;
}

/// The literal that `host` stands for; a v6 address must have its brackets, so that the port is never
/// ambiguous.
std::optional<std::string> parse_host(std::string_view host) {
  if (host.empty()) return "";
  if (host == "localhost") return "127.0.0.1";
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  if (error || address.is_v6() != bracketed) return std::nullopt;
  return address.to_string();
}

}  // namespace

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_port(text.substr(colon + 1));
  const auto host = parse_host(text.substr(0, colon));
  if (!port || !host) return std::nullopt;
  return ListenAddress{*host, *port};
}

std::string to_string(const ListenAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

}  // namespace healthd
