#include "exporters/allowed_hosts.hpp"

#include <algorithm>

namespace healthd {
namespace {

namespace ip = boost::asio::ip;

constexpr std::size_t longest_name = 253;

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

bool is_name_letter(char letter) {
  return is_digit(letter) || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         letter == '-' || letter == '_' || letter == '.';
}

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::ranges::all_of(text, is_digit)) return false;
  return std::stoi(std::string{text}) <= 65535;
}

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& letter : out)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  if (out.ends_with('.')) out.pop_back();
  return out;
}

/// Without the port and brackets.
struct Split {
  std::string_view host;
  bool bracketed = false;
};

std::optional<Split> split(std::string_view text) {
  const bool bracketed = text.starts_with('[');
  const auto end = bracketed ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == std::string_view::npos) return std::nullopt;
  const auto rest = text.substr(bracketed ? end + 1 : end);
  if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return std::nullopt;
  return Split{text.substr(bracketed ? 1 : 0, bracketed ? end - 1 : end), bracketed};
}

std::optional<ip::address> address_of(std::string_view text) {
  if (text.find('%') != std::string_view::npos) return std::nullopt;
  boost::system::error_code error;
  auto address = ip::make_address(std::string{text}, error);
  if (error) return std::nullopt;
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return ip::address{ip::make_address_v4(ip::v4_mapped, address.to_v6())};
  return address;
}

bool is_loopback_name(std::string_view name) {
  return name == "localhost" || name.ends_with(".localhost") || name == "ip6-localhost";
}

/// The authority of an http or https URL.
std::string_view authority(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return "";
  url.remove_prefix(scheme + 3);
  return url.substr(0, url.find('/'));
}

}  // namespace

AllowedHosts::AllowedHosts(const ListenAddress& listening, std::string_view external_url,
                           const std::vector<std::string>& more) {
  const auto where = address_of(listening.host);
  any_address_ = !where || where->is_unspecified();
  add(listening.host);
  if (const auto external = split(authority(external_url))) add(external->host);
  for (const auto& host : more) add(host);
}

void AllowedHosts::add(std::string_view host) {
  if (host.empty()) return;
  if (const auto address = address_of(host))
    addresses_.insert(*address);
  else
    names_.insert(lower(host));
}

AllowedHosts::Verdict AllowedHosts::judge(std::string_view host) const {
  const auto parts = split(host);
  if (!parts || parts->host.empty()) return Verdict::malformed;
  const auto address = address_of(parts->host);
  if (parts->bracketed && (!address || parts->host.find(':') == std::string_view::npos))
    return Verdict::malformed;
  if (address) {
    const bool fine = any_address_ || address->is_loopback() || addresses_.contains(*address);
    return fine ? Verdict::fine : Verdict::foreign;
  }
  const auto& name = parts->host;
  if (name.size() > longest_name || name.starts_with('.') || name.find("..") != std::string_view::npos ||
      !std::ranges::all_of(name, is_name_letter))
    return Verdict::malformed;
  const auto plain = lower(name);
  return is_loopback_name(plain) || names_.contains(plain) ? Verdict::fine : Verdict::foreign;
}

}  // namespace healthd
