#include "probes/http_get.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include "probes/net/redirect.hpp"
#include "probes/net/scrub.hpp"
#include "probes/run_probe.hpp"
#include "probes/workshop.hpp"

namespace healthd {
namespace {

double timestamp(std::chrono::system_clock::time_point moment) {
  return std::chrono::duration<double>(moment.time_since_epoch()).count();
}

asio::awaitable<Failure> exchange(Resolver& resolver, Trace& trace, const HttpTarget& target, const Url& url,
                                  HttpFinding& finding, HttpLimits limits) {
  const auto* tls = url.scheme == "https" ? &*target.tls : nullptr;
  auto connection = co_await dial(resolver, trace, url.endpoint, tls);
  if (connection.tls) finding.tls = std::move(connection.tls);
  if (!connection.stream) co_return connection.failure;
  HttpRequest request;
  request.target = url.path;
  request.host = host_header(url);
  auto response = co_await http_exchange(*connection.stream, trace, std::move(request), limits);
  if (!response) co_return response.error();
  finding.response = std::move(*response);
  co_return Failure{};
}

bool same_page(const Url& left, const Url& right) {
  return left.scheme == right.scheme && left.path == right.path && left.endpoint.port == right.endpoint.port;
}

/// The next page, or why there is none.
Result<Url> next_page(const std::vector<Url>& seen, const HttpResponse& response) {
  auto next = redirect_target(seen.back(), response.header("location"));
  if (!next) return next;
  const auto again = [&next](const Url& page) { return same_page(page, *next); };
  if (std::ranges::any_of(seen, again))
    return Failure{Reason::http_status, "the redirects go round in a circle"};
  if (seen.size() > most_redirects)
    return Failure{Reason::http_status, "more than " + std::to_string(most_redirects) + " redirects"};
  return next;
}

asio::awaitable<Failure> follow(Resolver& resolver, Trace& trace, const HttpTarget& target,
                                HttpFinding& finding, HttpLimits limits) {
  std::vector<Url> seen{target.url};
  while (true) {
    auto failure = co_await exchange(resolver, trace, target, seen.back(), finding, limits);
    if (failure || !is_redirect(finding.response->status)) co_return failure;
    auto next = next_page(seen, *finding.response);
    if (!next) {
      failure = next.error();
      failure.detail = "HTTP " + std::to_string(finding.response->status) + ": " + failure.detail;
      co_return failure;
    }
    seen.push_back(std::move(*next));
    ++finding.redirects;
    finding.response.reset();
  }
}

}  // namespace

HttpTarget read_http_target(Options& options, std::string_view key, Workshop& workshop, bool required) {
  HttpTarget target;
  target.url = read_url(options, key, {{"https", 443}, {"http", 80}}, required);
  if (target.url.scheme != "https") return target;
  target.tls = workshop.tls.client(options, target.url.endpoint.host);
  return target;
}

asio::awaitable<Failure> http_get(Resolver& resolver, Trace& trace, const HttpTarget& target,
                                  HttpFinding& finding, Deadline deadline, HttpLimits limits) {
  if (target.follow_redirects) {
    auto journey = follow(resolver, trace, target, finding, limits);
    co_return co_await guarded(std::move(journey), trace, deadline);
  }
  auto work = exchange(resolver, trace, target, target.url, finding, limits);
  co_return co_await guarded(std::move(work), trace, deadline);
}

void add_http_samples(const HttpFinding& finding, ProbeResult& result) {
  result.samples.push_back({"healthd_http_response_status_code",
                            finding.response ? static_cast<double>(finding.response->status) : 0});
  if (finding.response)
    result.samples.push_back(
        {"healthd_http_response_body_bytes", static_cast<double>(finding.response->body.size())});
  result.samples.push_back({"healthd_http_redirects", static_cast<double>(finding.redirects)});
  if (finding.tls) add_tls_samples(*finding.tls, result);
}

void add_tls_samples(const TlsReport& report, ProbeResult& result) {
  auto& samples = result.samples;
  // Who turned verification off is not to be told that it fails.
  if (report.verify) samples.push_back({"healthd_tls_verify_ok", report.verification ? 0.0 : 1.0});
  samples.push_back(
      {"healthd_tls_session_info", 1, {{"version", report.version}, {"cipher", report.cipher}}});
  if (report.fingerprint_sha256.empty()) return;
  samples.push_back({"healthd_tls_leaf_not_before_timestamp_seconds", timestamp(report.not_before)});
  samples.push_back({"healthd_tls_leaf_not_after_timestamp_seconds", timestamp(report.not_after)});
  samples.push_back({"healthd_tls_chain_not_after_timestamp_seconds", timestamp(report.chain_not_after)});
  if (report.verified_not_after)
    samples.push_back(
        {"healthd_tls_verified_chain_not_after_timestamp_seconds", timestamp(*report.verified_not_after)});
  samples.push_back({"healthd_tls_certificate_info",
                     1,
                     {{"issuer_cn", report.issuer_cn},
                      {"subject_cn", report.subject_cn},
                      {"fingerprint_sha256", report.fingerprint_sha256}}});
}

void add_http_evidence(const HttpFinding& finding, bool as_expected, ProbeResult& result) {
  if (finding.response) {
    result.evidence.emplace_back("http_status", std::to_string(finding.response->status));
    if (!as_expected) result.evidence.emplace_back("body", scrubbed(finding.response->body));
  }
  if (finding.tls) {
    result.evidence.emplace_back("certificate_subject", finding.tls->subject_cn);
    result.evidence.emplace_back("certificate_serial", finding.tls->serial);
  }
}

}  // namespace healthd
