#include "probes/net/url.hpp"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace healthd {
namespace {

std::string listed(std::initializer_list<Scheme> schemes) {
  std::string names;
  for (const auto& scheme : schemes) {
    if (!names.empty()) names += " or ";
    names += std::string{scheme.name} + "://";
  }
  return names;
}

std::string path_and_query(const boost::urls::url_view& view) {
  std::string path = view.encoded_path().empty() ? "/" : std::string{view.encoded_path()};
  if (view.has_query()) path += "?" + std::string{view.encoded_query()};
  return path;
}

/// What is wrong with a socket's path; "" where nothing is.
std::string unix_complaint(const boost::urls::url_view& view) {
  const auto path = view.path();
  if (!view.host().empty() || path.size() < 2)
    return "expected the absolute path of a socket, such as unix:///run/redis.sock";
  if (path.size() > most_unix_path_bytes)
    return "the path of a socket has at most " + std::to_string(most_unix_path_bytes) + " bytes";
  return "";
}

/// What is wrong with a URL of a scheme that fits; "" where nothing is. It never repeats the URL.
std::string complaint(const boost::urls::url_view& view) {
  const bool web = view.scheme() == "http" || view.scheme() == "https";
  if (web && view.has_userinfo()) return "a user or a password does not belong in this URL";
  if (view.has_password()) return "a password does not belong in a URL; use password_file";
  if (view.scheme() == "unix") return unix_complaint(view);
  if (view.host().empty()) return "the URL names no host";
  // Decoded, these could end the line of a request that they are put into. The zone of an address is escaped
  // by its `%`, and has no other.
  const bool address = view.host_type() == boost::urls::host_type::ipv6;
  if (std::ranges::count(std::string_view{view.encoded_host()}, '%') > (address ? 1 : 0))
    return "a host has no escaped characters";
  // 0 also stands for a number that does not fit.
  if (!view.port().empty() && view.port_number() == 0) return "a port is a number from 1 to 65535";
  return "";
}

}  // namespace

Url parse_url(Options& options, std::string_view key, std::string_view text,
              std::initializer_list<Scheme> schemes) {
  const auto refuse = [&](const std::string& why) {
    options.error(key, std::string{key} + ": " + why);
    return Url{};
  };
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed) return refuse("expected a URL that begins with " + listed(schemes));
  const auto scheme = std::ranges::find(schemes, std::string_view{parsed->scheme()}, &Scheme::name);
  if (scheme == schemes.end()) return refuse("expected a URL that begins with " + listed(schemes));
  if (const auto why = complaint(*parsed); !why.empty()) return refuse(why);

  Url url;
  url.scheme = parsed->scheme();
  url.user = parsed->user();
  if (scheme->name == "unix") {
    url.endpoint.unix_path = parsed->path();
    return url;
  }
  url.endpoint.host = parsed->host_address();
  url.endpoint.port = parsed->port().empty() ? scheme->default_port : parsed->port_number();
  url.path = path_and_query(*parsed);
  return url;
}

std::string host_header(const Url& url) {
  const auto full = to_string(url.endpoint);
  const bool usual = url.endpoint.port == (url.scheme == "https" ? 443 : 80);
  return usual ? full.substr(0, full.rfind(':')) : full;
}

Url read_url(Options& options, std::string_view key, std::initializer_list<Scheme> schemes, bool required) {
  const auto text = required ? options.require_text(key) : options.text(key);
  if (text.empty()) return {};
  return parse_url(options, key, text, schemes);
}

}  // namespace healthd
