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
  std::optional<TlsClient> tls;  ///< where https may be spoken
  bool follow_redirects = false;
};

/// Reads the URL under `key` (http or https) and, for https, the `tls` map. Redirects are not followed.
HttpTarget read_http_target(Options& options, std::string_view key, Workshop& workshop, bool required = true);

/// What a GET showed; each part as far as it got.
struct HttpFinding {
  std::optional<HttpResponse> response;
  std::optional<TlsReport> tls;  ///< of the last connection
  int redirects = 0;             ///< that were followed
};

/// Fills `finding`; the failure is that of the way there, never the status code, except for a redirect that
/// was to be followed and leads astray. All of it ends by `deadline`, one connection at a time.
asio::awaitable<Failure> http_get(Resolver& resolver, Trace& trace, const HttpTarget& target,
                                  HttpFinding& finding, Deadline deadline, HttpLimits limits = HttpLimits{});

void add_http_samples(const HttpFinding& finding, ProbeResult& result);
void add_tls_samples(const TlsReport& report, ProbeResult& result);

/// What a person would look up next: the status line's code, the certificate and, of an answer that is not as
/// it should be, the first bytes of the body, scrubbed.
void add_http_evidence(const HttpFinding& finding, bool as_expected, ProbeResult& result);

}  // namespace healthd
