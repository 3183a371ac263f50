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

}  // namespace

Url parse_url(Options& options, std::string_view key, std::string_view text,
              std::initializer_list<Scheme> schemes) {
  const auto wanted = "expected a URL that begins with " + listed(schemes);
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed) {
    options.error(key, std::string{key} + ": " + wanted);
    return {};
  }
  const auto scheme = std::ranges::find(schemes, std::string_view{parsed->scheme()}, &Scheme::name);
  if (scheme == schemes.end()) {
    options.error(key, std::string{key} + ": " + wanted);
    return {};
  }
  if (parsed->has_password()) {
    options.error(key, std::string{key} + ": a password does not belong in a URL; use password_file");
    return {};
  }
  Url url;
  url.scheme = parsed->scheme();
  url.user = parsed->user();
  if (scheme->name == "unix") {
    url.endpoint.unix_path = parsed->path();
    return url;
  }
  if (parsed->host().empty()) {
    options.error(key, std::string{key} + ": the URL names no host");
    return {};
  }
  url.endpoint.host = parsed->host_address();
  url.endpoint.port = parsed->port_number() != 0 ? parsed->port_number() : scheme->default_port;
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
