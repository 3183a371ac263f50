// What a site promises its users' browsers, beside the answer itself: warnings, where they are configured.
#pragma once

#include "config/options.hpp"
#include "probes/net/http.hpp"
#include "probes/result.hpp"

namespace healthd {

struct Promises {
  bool hsts = false;
  bool secure_cookies = false;
};

/// Reads `expect_hsts` and `expect_secure_cookies`. `https`: whether the answer can come over https.
Promises read_promises(Options& options, bool https);

/// Adds the checks `hsts` and `cookies`, where they are asked for.
void add_promises(const Promises& promises, const HttpResponse& response, ProbeResult& result);

/// Strict-Transport-Security is there, with a time to live.
Failure check_hsts(const HttpResponse& response);
/// Each cookie that the answer sets has Secure, HttpOnly and SameSite. Details name cookies, never values.
Failure check_cookies(const HttpResponse& response);

}  // namespace healthd
