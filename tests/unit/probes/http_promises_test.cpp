#include "probes/http_promises.hpp"

#include <catch2/catch_test_macros.hpp>

namespace healthd {
namespace {

HttpResponse page(std::vector<std::pair<std::string, std::string>> headers = {}) {
  return {200, std::move(headers), ""};
}

}  // namespace

TEST_CASE("HSTS needs a time to live") {
  const auto with = [](std::string value) { return page({{"Strict-Transport-Security", std::move(value)}}); };
  CHECK_FALSE(check_hsts(with("max-age=31536000; includeSubDomains")));
  CHECK_FALSE(check_hsts(with("includeSubDomains; Max-Age=\"1\"")));
  CHECK_FALSE(check_hsts(with("max-age=99999999999999999999")));
  CHECK(check_hsts(with("max-age=0")).reason == Reason::body_mismatch);
  CHECK(check_hsts(with("x-max-age=5")).reason == Reason::body_mismatch);
  CHECK(check_hsts(page()).reason == Reason::body_mismatch);
}

TEST_CASE("a cookie without its flags is named, its value never") {
  const auto with = [](std::string value) { return page({{"Set-Cookie", std::move(value)}}); };
  CHECK_FALSE(check_cookies(page()));
  CHECK_FALSE(check_cookies(with("session=x; Secure; HttpOnly; Path=/; SameSite=Lax")));
  CHECK_FALSE(check_cookies(with("session=x;secure;httponly;samesite=none")));
  CHECK(check_cookies(with("session=hd-canary; HttpOnly")).detail ==
        "the cookie session lacks Secure, SameSite");
  CHECK(check_cookies(with("secure=hd-canary; HttpOnly; SameSite=Lax")).detail ==
        "the cookie secure lacks Secure");
  CHECK(check_cookies(with("hd-canary")).detail ==
        "the cookie without a name lacks Secure, HttpOnly, SameSite");
  auto second = with("a=x; Secure; HttpOnly; SameSite=Lax");
  second.headers.emplace_back("set-cookie", "b=y");
  CHECK(check_cookies(second).detail == "the cookie b lacks Secure, HttpOnly, SameSite");
}

}  // namespace healthd
