// URLs of the configuration, and redirects of strangers.
#include "probes/net/url.hpp"

#include "probes/net/redirect.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace healthd {
namespace {

using fuzz::must;

constexpr std::size_t longest_message = 300;

struct Parsed {
  Url url;
  Problems problems;
};

void parse(std::string_view text, Parsed& into) {
  auto options = Options::from_text("{}", "fuzz.yaml", into.problems);
  into.url = parse_url(options, "url", text,
                       {{"http", 80}, {"https", 443}, {"redis", 6379}, {"rediss", 6379}, {"unix", 0}});
}

/// Fit for the line of a request and for the Host header.
bool fits_in_a_request(std::string_view text) {
  return fuzz::is_plain(text) && text.find(' ') == std::string_view::npos;
}

void check_url(const Url& url) {
  if (url.scheme == "unix") {
    must(url.endpoint.unix_path.size() <= most_unix_path_bytes && !url.endpoint.unix_path.empty(),
         "a socket's path fits");
    return;
  }
  must(!url.endpoint.host.empty() && url.endpoint.port != 0, "a target has a host and a port");
  must(url.path.starts_with('/') && fits_in_a_request(url.path), "a path is one word");
  must(fits_in_a_request(url.endpoint.host), "a host is one word");
  must(!host_header(url).empty(), "a target has a Host header");
  if (url.endpoint.host.find('%') != std::string::npos) return;  // a zone is escaped in URLs only
  Parsed again;
  parse(url.scheme + "://" + to_string(url.endpoint) + url.path, again);
  must(again.url.scheme == url.scheme && again.url.endpoint.host == url.endpoint.host &&
           again.url.endpoint.port == url.endpoint.port && again.url.path == url.path,
       "a URL survives being printed");
}

void check_redirect(std::string_view location) {
  Url from;
  from.scheme = "http";
  from.endpoint = {"bi.example.com", 80, ""};
  from.path = "/login/?next=1";
  const auto target = redirect_target(from, location);
  if (!target) {
    must(fuzz::is_plain(target.error().detail) && target.error().detail.size() <= 2 * longest_message,
         "a refusal is one short line");
    return;
  }
  must(target->endpoint.host == from.endpoint.host, "a redirect stays on its host");
  must((target->scheme == "http" && target->endpoint.port == 80) ||
           (target->scheme == "https" && target->endpoint.port == 443),
       "a redirect stays on its port or goes to https");
  must(target->path.starts_with('/') && fits_in_a_request(target->path), "a path is one word");
}

void check(std::string_view text) {
  Parsed parsed;
  parse(text, parsed);
  must(parsed.url.scheme.empty() == parsed.problems.has_errors(), "what is wrong is said");
  for (const auto& problem : parsed.problems.sorted())
    must(problem.message.size() <= longest_message && fuzz::is_plain(problem.message),
         "a complaint is one short line, without the URL");
  if (!parsed.url.scheme.empty()) check_url(parsed.url);
  check_redirect(text);
}

}  // namespace
}  // namespace healthd

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  healthd::check(healthd::fuzz::as_text(data, size));
  return 0;
}
