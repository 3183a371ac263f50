#include "probes/net/url.hpp"

#include <catch2/catch_test_macros.hpp>

namespace healthd {
namespace {

struct Read {
  Url url;
  std::string problem;
};

Read read(const std::string& text) {
  Problems problems;
  auto options = Options::from_text("url: \"" + text + "\"\n", "c.yaml", problems);
  Read result;
  result.url = read_url(options, "url", {{"https", 443}, {"http", 80}, {"unix", 0}});
  for (const auto& problem : problems.sorted()) result.problem += to_string(problem);
  return result;
}

}  // namespace

TEST_CASE("a URL gives host, port and path with its query") {
  const auto url = read("https://bi.example.com/health?x=1").url;
  CHECK(to_string(url.endpoint) == "bi.example.com:443");
  CHECK(url.path == "/health?x=1");
  CHECK(to_string(read("http://[::1]:8088").url.endpoint) == "[::1]:8088");
  CHECK(read("http://127.0.0.1:8088").url.path == "/");
  CHECK(to_string(read("unix:///run/redis.sock").url.endpoint) == "/run/redis.sock");
}

TEST_CASE("a URL that cannot be used is reported at its place, and a password is never repeated") {
  CHECK(read("ftp://x/").problem ==
        "c.yaml:1:6: url: expected a URL that begins with https:// or http:// or unix://");
  CHECK(read("not a url").problem.find("expected a URL") != std::string::npos);
  CHECK(read("https:///path").problem.find("names no host") != std::string::npos);
  const auto secret = read("https://user:hunter2@host/").problem;
  CHECK(secret.find("password_file") != std::string::npos);
  CHECK(secret.find("hunter2") == std::string::npos);
}

}  // namespace healthd
