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

constexpr std::size_t most_name_bytes = 255;

struct Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(char* text) const { OPENSSL_free(text); }
  void operator()(unsigned char* text) const { OPENSSL_free(text); }
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

/// The server chose these bytes: what comes out is short, printable UTF-8.
std::string common_name(const X509_NAME* name) {
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) return "";
  unsigned char* raw = nullptr;
  const int size = ASN1_STRING_to_UTF8(&raw, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  if (size < 0) return "";
  const std::unique_ptr<unsigned char, Free> owner{raw};
  std::string text{raw, raw + size};
  if (text.size() > most_name_bytes) {
    std::size_t end = most_name_bytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text.resize(end);
  }
  std::ranges::replace_if(text, [](unsigned char byte) { return byte < 0x20 || byte == 0x7F; }, '?');
  return text;
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

struct Meaning {
  int code;
  Reason reason;
  std::string_view words;
};

constexpr Meaning meanings[] = {
    {X509_V_ERR_HOSTNAME_MISMATCH, Reason::tls_hostname, "is for another name"},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, Reason::tls_hostname, "is for another name"},
    {X509_V_ERR_CERT_HAS_EXPIRED, Reason::tls_expired, "has expired"},
    {X509_V_ERR_CERT_NOT_YET_VALID, Reason::tls_not_yet_valid, "is not valid yet"},
};

/// Whatever is not in the table.
constexpr Reason otherwise = Reason::tls_untrusted;

/// The first of these that was found is the reason.
constexpr Reason by_weight[] = {otherwise, Reason::tls_hostname, Reason::tls_expired,
                                Reason::tls_not_yet_valid};

const Meaning* meaning_of(const ChainFlaw& flaw) {
  const auto* const found = std::ranges::find(meanings, flaw.code, &Meaning::code);
  return found == std::end(meanings) ? nullptr : found;
}

Reason reason_of(const ChainFlaw& flaw) {
  const auto* const meaning = meaning_of(flaw);
  return meaning == nullptr ? otherwise : meaning->reason;
}

std::string words_for(const ChainFlaw& flaw) {
  const auto* const meaning = meaning_of(flaw);
  const std::string whose = flaw.depth == 0 ? "the certificate" : "the issuer's certificate";
  const std::string name = flaw.depth == 0 ? "" : " (" + flaw.subject_cn + ")";
  if (meaning != nullptr) return whose + name + " " + std::string{meaning->words};
  return whose + name + " is not trusted: " + X509_verify_cert_error_string(flaw.code);
}

bool trusted(const std::vector<ChainFlaw>& flaws) {
  return std::ranges::none_of(flaws, [](const ChainFlaw& flaw) { return reason_of(flaw) == otherwise; });
}

}  // namespace

ChainFlaw current_flaw(X509_STORE_CTX* verification) {
  ChainFlaw flaw;
  flaw.code = X509_STORE_CTX_get_error(verification);
  flaw.depth = X509_STORE_CTX_get_error_depth(verification);
  if (const auto* at = X509_STORE_CTX_get_current_cert(verification); at != nullptr)
    flaw.subject_cn = common_name(X509_get_subject_name(at));
  return flaw;
}

Failure verdict(const std::vector<ChainFlaw>& flaws) {
  Failure failure;
  for (const auto reason : by_weight) {
    const auto found = std::ranges::find(flaws, reason, reason_of);
    if (found == flaws.end()) continue;
    if (!failure) failure.reason = reason;
    failure.detail += (failure.detail.empty() ? "" : "; ") + words_for(*found);
  }
  return failure;
}

TlsReport describe_peer(SSL* ssl, std::vector<ChainFlaw> flaws) {
  TlsReport report;
  const auto result = static_cast<int>(SSL_get_verify_result(ssl));
  if (flaws.empty() && result != X509_V_OK) flaws.push_back({result, 0, ""});
  report.version = SSL_get_version(ssl);
  report.cipher = SSL_get_cipher_name(ssl);
  report.verification = verdict(flaws);
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
  if (const auto* verified = SSL_get0_verified_chain(ssl); verified != nullptr && trusted(flaws))
    report.verified_not_after = earliest_end(verified, report.not_after);
  report.subject_cn = common_name(X509_get_subject_name(leaf.get()));
  report.issuer_cn = common_name(X509_get_issuer_name(leaf.get()));
  report.fingerprint_sha256 = fingerprint_of(leaf.get());
  report.serial = serial_of(leaf.get());
  return report;
}

}  // namespace healthd
