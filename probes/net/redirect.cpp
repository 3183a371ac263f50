#include "probes/net/redirect.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "probes/net/scrub.hpp"

namespace healthd {
namespace {

constexpr std::size_t shown_bytes = 80;

bool same_host(std::string_view left, std::string_view right) {
  return std::ranges::equal(
      left, right, [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
}

bool is_absolute(std::string_view location) {
  const auto colon = location.find_first_of(":/?#");
  return colon != std::string_view::npos && location[colon] == ':';
}

/// `location` as a whole URL, for a page at `from`.
std::string whole_url(const Url& from, std::string_view location) {
  if (is_absolute(location)) return std::string{location};
  if (location.starts_with("//")) return from.scheme + ":" + std::string{location};
  const auto origin = from.scheme + "://" + to_string(from.endpoint);
  const auto page = from.path.substr(0, from.path.find('?'));
  if (location.starts_with("/")) return origin + std::string{location};
  if (location.starts_with("?")) return origin + page + std::string{location};
  return origin + page.substr(0, page.rfind('/') + 1) + std::string{location};
}

/// Why we do not go from one to the other; "" where we do.
std::string_view refusal(const Url& from, const Url& to) {
  if (!same_host(from.endpoint.host, to.endpoint.host)) return "another host";
  const bool upgrade = from.scheme == "http" && to.scheme == "https";
  if (from.scheme != to.scheme && !upgrade) return "another scheme";
  if (to.endpoint.port != (upgrade ? 443 : from.endpoint.port)) return "another port";
  return "";
}

/// A query holds the codes and states of a login.
std::string shown_path(const Url& url) {
  return scrubbed(std::string_view{url.path}.substr(0, url.path.find_first_of("?#")), shown_bytes);
}

}  // namespace

bool is_redirect(int status) {
  constexpr std::array moved{301, 302, 303, 307, 308};
  return std::ranges::find(moved, status) != moved.end();
}

Result<Url> redirect_target(const Url& from, std::string_view location) {
  if (location.empty()) return Failure{Reason::http_status, "the redirect does not say where to"};
  Options nobody;  // whoever sent this is not to be told what is wrong with it
  auto to = parse_url(nobody, "location", whole_url(from, location), {{"https", 443}, {"http", 80}});
  if (to.scheme.empty()) return Failure{Reason::http_status, "the redirect leads to no usable URL"};
  if (const auto why = refusal(from, to); !why.empty())
    return Failure{Reason::http_status,
                   "the redirect leads to " + std::string{why} + ", path " + shown_path(to)};
  to.endpoint = Endpoint{from.endpoint.host, to.endpoint.port, ""};  // the name is the configured one
  return to;
}

}  // namespace healthd
