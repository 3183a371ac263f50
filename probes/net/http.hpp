// One HTTP/1.1 exchange over a stream, for probes and notifiers. Redirects are never followed here.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/net/outcome.hpp"
#include "probes/net/stream.hpp"
#include "probes/trace.hpp"

namespace healthd {

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";
  std::string host;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  bool body_cut = false;  ///< the body was longer than the limit; what is here is its beginning

  /// "" where the header is absent; names compare without case.
  std::string_view header(std::string_view name) const;
};

struct HttpLimits {
  std::size_t header_bytes = 8 * 1024;
  std::size_t body_bytes = 64 * 1024;
  int interim_responses = 5;  ///< 1xx answers before the real one
};

/// Sends the request with `Connection: close`, reads one response. Cancellable; await it under a deadline.
asio::awaitable<Result<HttpResponse>> http_exchange(Stream& stream, Trace& trace, HttpRequest request,
                                                    HttpLimits limits = HttpLimits{});

}  // namespace healthd
