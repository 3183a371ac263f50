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
  result.url = read_url(options, "url", {{"https", 443}, {"http", 80}, {"redis", 6379}, {"unix", 0}});
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
        "c.yaml:1:6: url: expected a URL that begins with https:// or http:// or redis:// or unix://");
  CHECK(read("not a url").problem.find("expected a URL") != std::string::npos);
  CHECK(read("https:///path").problem.find("names no host") != std::string::npos);
  const auto secret = read("redis://user:hunter2@host/").problem;
  CHECK(secret.find("password_file") != std::string::npos);
  CHECK(secret.find("hunter2") == std::string::npos);
}

TEST_CASE("a user belongs in the URL of a Redis server only") {
  CHECK(read("redis://monitor@host/").url.user == "monitor");
  for (const auto* text : {"https://monitor@host/", "http://monitor:hunter2@host/", "http://@host/"}) {
    INFO(text);
    const auto problem = read(text).problem;
    CHECK(problem.find("does not belong in this URL") != std::string::npos);
    CHECK(problem.find("hunter2") == std::string::npos);
  }
}

TEST_CASE("a port that is none is never replaced by another") {
  for (const auto* text :
       {"http://host:99999/", "http://host:0/", "http://host:65536/", "redis://host:18446744073709551617/"}) {
    INFO(text);
    CHECK(read(text).problem.find("from 1 to 65535") != std::string::npos);
  }
  CHECK(read("http://host:65535/").url.endpoint.port == 65535);
  CHECK(read("http://host:/").url.endpoint.port == 80);
}

TEST_CASE("the path of a Unix socket is absolute and fits into an address") {
  CHECK(read("unix:///" + std::string(106, 'x')).problem.empty());
  CHECK(read("unix:///" + std::string(107, 'x')).problem.find("at most 107 bytes") != std::string::npos);
  CHECK(read("unix://run/redis.sock").problem.find("absolute path") != std::string::npos);
  CHECK(read("unix://").problem.find("absolute path") != std::string::npos);
}

TEST_CASE("nothing can be smuggled into a request inside the name of a host") {
  for (const auto* text :
       {"http://a%0d%0aX/", "redis://a%2fb/", "https://%20/", "http://[fe80::1%25eth0%0d%0a]/"}) {
    INFO(text);
    CHECK(read(text).problem.find("escaped") != std::string::npos);
  }
}

}  // namespace healthd
