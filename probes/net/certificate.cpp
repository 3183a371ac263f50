#include "probes/net/certificate.hpp"

#include <openssl/bn.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace healthd {
namespace {

using Time = std::chrono::system_clock::time_point;

struct Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(char* text) const { OPENSSL_free(text); }
};

/// The epoch for what is before it or cannot be read.
Time time_of(const ASN1_TIME* stamp) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(stamp, &parts) != 1) return {};
  // The clock counts nanoseconds and ends in 2262; certificates do not.
  constexpr auto last = std::chrono::floor<std::chrono::seconds>(Time::max());
  const std::chrono::sys_seconds moment{std::chrono::seconds{timegm(&parts)}};
  return std::clamp(moment, std::chrono::sys_seconds{}, last);
}

std::string common_name(const X509_NAME* name) {
  std::array<char, 256> text{};
  // The X509_NAME parameter is not const in every OpenSSL we build with.
  if (X509_NAME_get_text_by_NID(const_cast<X509_NAME*>(name), NID_commonName, text.data(), text.size()) < 0)
    return "";
  return text.data();
}

std::string hex(const unsigned char* bytes, std::size_t count) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += digits[bytes[i] >> 4U];
    text += digits[bytes[i] & 0xFU];
  }
  return text;
}

std::string fingerprint_of(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) return "";
  return hex(digest.data(), size);
}

std::string serial_of(const X509* certificate) {
  const std::unique_ptr<BIGNUM, Free> number{
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr)};
  if (!number) return "";
  const std::unique_ptr<char, Free> text{BN_bn2hex(number.get())};
  return text ? text.get() : "";
}

Time earliest_end(const STACK_OF(X509) * chain, Time limit) {
  for (int i = 0; i < sk_X509_num(chain); ++i)
    limit = std::min(limit, time_of(X509_get0_notAfter(sk_X509_value(chain, i))));
  return limit;
}

Failure verdict(long code) {
  if (code == X509_V_OK) return {};
  const char* text = X509_verify_cert_error_string(code);
  switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return {Reason::tls_expired, "the certificate has expired"};
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {Reason::tls_not_yet_valid, "the certificate is not valid yet"};
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return {Reason::tls_hostname, "the certificate is for another name"};
    default:
      return {Reason::tls_untrusted, std::string{"the certificate is not trusted: "} + text};
  }
}

}  // namespace

TlsReport describe_peer(SSL* ssl) {
  TlsReport report;
  report.version = SSL_get_version(ssl);
  report.cipher = SSL_get_cipher_name(ssl);
  report.verification = verdict(SSL_get_verify_result(ssl));
  const std::unique_ptr<X509, Free> leaf{SSL_get1_peer_certificate(ssl)};
  if (!leaf) {
    report.verification = {Reason::tls_untrusted, "the server showed no certificate"};
    return report;
  }
  report.not_before = time_of(X509_get0_notBefore(leaf.get()));
  report.not_after = time_of(X509_get0_notAfter(leaf.get()));
  report.chain_not_after = report.not_after;
  if (const auto* served = SSL_get_peer_cert_chain(ssl); served != nullptr)
    report.chain_not_after = earliest_end(served, report.not_after);
  if (const auto* verified = SSL_get0_verified_chain(ssl); verified != nullptr && !report.verification)
    report.verified_not_after = earliest_end(verified, report.not_after);
  report.subject_cn = common_name(X509_get_subject_name(leaf.get()));
  report.issuer_cn = common_name(X509_get_issuer_name(leaf.get()));
  report.fingerprint_sha256 = fingerprint_of(leaf.get());
  report.serial = serial_of(leaf.get());
  return report;
}

}  // namespace healthd
