// The HTTP question that several probes ask: one GET on one configured URL.
#pragma once

#include <optional>
#include <string_view>

#include "probes/net/http.hpp"
#include "probes/net/url.hpp"
#include "probes/probe.hpp"

namespace healthd {

struct HttpTarget {
  Url url;
  std::optional<TlsClient> tls;
  int expect_status = 0;  ///< 0: any of 200-399
};

/// Reads the URL under `key` (http or https) and, for https, the `tls` map.
HttpTarget read_http_target(Options& options, std::string_view key, Workshop& workshop, bool required = true);

/// What a GET showed; each part as far as it got.
struct HttpFinding {
  std::optional<HttpResponse> response;
  std::optional<TlsReport> tls;
};

/// Fills `finding`; the failure is that of the way there, never the status code. Ends by `deadline`.
asio::awaitable<Failure> http_get(Resolver& resolver, Trace& trace, const HttpTarget& target,
                                  HttpFinding& finding, Deadline deadline);

/// Whether the status code is the one that is expected; the failure says what came instead.
Failure check_status(const HttpTarget& target, const HttpResponse& response);

void add_http_samples(const HttpFinding& finding, ProbeResult& result);
void add_tls_samples(const TlsReport& report, ProbeResult& result);

/// What a person would look up next: the status line's code and the first bytes of the body.
void add_http_evidence(const HttpFinding& finding, ProbeResult& result);

}  // namespace healthd
