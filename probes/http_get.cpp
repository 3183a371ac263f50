#include "probes/http_get.hpp"

#include <chrono>

#include "probes/run_probe.hpp"
#include "probes/workshop.hpp"

namespace healthd {
namespace {

constexpr std::size_t evidence_bytes = 256;

double timestamp(std::chrono::system_clock::time_point moment) {
  return std::chrono::duration<double>(moment.time_since_epoch()).count();
}

asio::awaitable<Failure> exchange(Resolver& resolver, Trace& trace, const HttpTarget& target,
                                  HttpFinding& finding) {
  auto connection = co_await dial(resolver, trace, target.url.endpoint, target.tls ? &*target.tls : nullptr);
  finding.tls = std::move(connection.tls);
  if (!connection.stream) co_return connection.failure;
  HttpRequest request;
  request.target = target.url.path;
  request.host = host_header(target.url);
  auto response = co_await http_exchange(*connection.stream, trace, std::move(request));
  if (!response) co_return response.error();
  finding.response = std::move(*response);
  co_return Failure{};
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
                                  HttpFinding& finding, Deadline deadline) {
  auto work = exchange(resolver, trace, target, finding);
  co_return co_await guarded(std::move(work), trace, deadline);
}

Failure check_status(const HttpTarget& target, const HttpResponse& response) {
  const bool fine = target.expect_status == 0 ? response.status >= 200 && response.status < 400
                                              : response.status == target.expect_status;
  if (fine) return {};
  const auto wanted = target.expect_status == 0 ? "" : ", expected " + std::to_string(target.expect_status);
  return {Reason::http_status, "HTTP " + std::to_string(response.status) + wanted};
}

void add_http_samples(const HttpFinding& finding, ProbeResult& result) {
  result.samples.push_back({"healthd_http_response_status_code",
                            finding.response ? static_cast<double>(finding.response->status) : 0});
  if (finding.response)
    result.samples.push_back(
        {"healthd_http_response_body_bytes", static_cast<double>(finding.response->body.size())});
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

void add_http_evidence(const HttpFinding& finding, ProbeResult& result) {
  if (finding.response) {
    result.evidence.emplace_back("http_status", std::to_string(finding.response->status));
    if (finding.response->status >= 400)
      result.evidence.emplace_back("body", finding.response->body.substr(0, evidence_bytes));
  }
  if (finding.tls) {
    result.evidence.emplace_back("certificate_subject", finding.tls->subject_cn);
    result.evidence.emplace_back("certificate_serial", finding.tls->serial);
  }
}

}  // namespace healthd
