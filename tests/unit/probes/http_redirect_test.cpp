#include <catch2/catch_test_macros.hpp>

#include "probes/net/redirect.hpp"

namespace healthd {
namespace {

Url page(std::string scheme, std::uint16_t port, std::string path = "/a/b?c=d") {
  Url url;
  url.scheme = std::move(scheme);
  url.endpoint = Endpoint{"bi.example.com", port, ""};
  url.path = std::move(path);
  return url;
}

std::string path_of(const Url& from, std::string_view location) {
  const auto next = redirect_target(from, location);
  return next ? next->path : next.error().detail;
}

}  // namespace

TEST_CASE("a redirect on the same host is understood in each of its forms") {
  const auto from = page("https", 443);
  CHECK(path_of(from, "https://bi.example.com/login/?next=%2F") == "/login/?next=%2F");
  CHECK(path_of(from, "https://BI.example.com:443/x#y") == "/x");
  CHECK(path_of(from, "//bi.example.com/x") == "/x");
  CHECK(path_of(from, "/login/") == "/login/");
  CHECK(path_of(from, "c") == "/a/c");
  CHECK(path_of(from, "?e=f") == "/a/b?e=f");
}

TEST_CASE("http may lead to https on its own port, and the name stays the configured one") {
  for (const int port : {80, 8080}) {
    const auto next =
        redirect_target(page("http", static_cast<std::uint16_t>(port)), "https://BI.EXAMPLE.COM/health");
    REQUIRE(next.has_value());
    CHECK(next->scheme == "https");
    CHECK(next->endpoint.port == 443);
    CHECK(next->endpoint.host == "bi.example.com");
  }
}

TEST_CASE("a redirect to anywhere else is refused, and the stranger is not named") {
  const auto from = page("https", 443);
  for (const auto* location :
       {"https://evil.example.net/login?token=hd-canary", "http://bi.example.com/",
        "https://bi.example.com:8443/", "https://bi.example.com@evil.example.net/",
        "https://user:hd-canary@bi.example.com/", "//evil.example.net/",
        "http://169.254.169.254/latest/meta-data/", "javascript:alert(1)", "ftp://bi.example.com/",
        "file:///etc/passwd", "https://", "https://[::1", "/a b", "/a\x01", "\\\\evil.example.net\\x", ""}) {
    INFO(location);
    const auto next = redirect_target(from, location);
    REQUIRE_FALSE(next.has_value());
    CHECK(next.error().reason == Reason::http_status);
    CHECK(next.error().detail.find("evil") == std::string::npos);
    CHECK(next.error().detail.find("canary") == std::string::npos);
  }
  CHECK_FALSE(redirect_target(page("http", 80), "https://bi.example.com:8443/").has_value());
  CHECK(path_of(from, "https://evil.example.net/login") == "the redirect leads to another host, path /login");
}

TEST_CASE("of a redirect that is refused the path is shown, and never the query or the fragment") {
  for (const auto* location :
       {"https://sso.example.net/authorize?code=hd-canary&state=hd-canary",
        "https://sso.example.net/authorize?hd-canary", "https://sso.example.net/authorize#id=hd-canary"})
    CHECK(path_of(page("https", 443), location) == "the redirect leads to another host, path /authorize");
}

TEST_CASE("only answers that move the page are redirects") {
  for (const int status : {301, 302, 303, 307, 308}) CHECK(is_redirect(status));
  for (const int status : {200, 300, 304, 404}) CHECK_FALSE(is_redirect(status));
}

}  // namespace healthd
