#include "tests/support/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace healthd::test {
namespace {

struct Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;

void require(bool went_well) {
  if (!went_well) throw std::runtime_error{"OpenSSL refused to make a test certificate"};
}

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Free> made{
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str())};
  require(made != nullptr && X509_add_ext(certificate, made.get(), -1) == 1);
}

Certificate make(const std::string& name, EVP_PKEY* key, long serial, std::chrono::seconds begins,
                 std::chrono::seconds ends) {
  Certificate certificate{X509_new()};
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), begins.count());
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), ends.count());
  X509_set_pubkey(certificate.get(), key);
  const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8, text, -1, -1, 0);
  return certificate;
}

std::unique_ptr<std::FILE, Free> create(const std::filesystem::path& path) {
  std::unique_ptr<std::FILE, Free> file{std::fopen(path.c_str(), "w")};
  require(file != nullptr);
  return file;
}

}  // namespace

struct Authority::Keys {
  Key key{EVP_EC_gen("P-256")};
  Certificate certificate =
      make("Test CA", key.get(), 1, std::chrono::hours{-24 * 365}, std::chrono::hours{24 * 365});
};

Authority::Authority(std::filesystem::path folder)
    : folder_{std::move(folder)}, keys_{std::make_unique<Keys>()}, certificate_{folder_ / "ca.pem"} {
  auto* own = keys_->certificate.get();
  X509_set_issuer_name(own, X509_get_subject_name(own));
  extend(own, own, NID_basic_constraints, "critical,CA:TRUE");
  require(X509_sign(own, keys_->key.get(), EVP_sha256()) > 0);
  require(PEM_write_X509(create(certificate_).get(), own) == 1);
}

Authority::~Authority() = default;

CertificateFiles Authority::issue(const std::string& name, std::chrono::seconds begins,
                                  std::chrono::seconds ends) {
  const auto number = ++issued_;
  const Key key{EVP_EC_gen("P-256")};
  const auto certificate = make(name, key.get(), 100 + number, begins, ends);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(keys_->certificate.get()));
  extend(certificate.get(), keys_->certificate.get(), NID_subject_alt_name, "DNS:" + name);
  require(X509_sign(certificate.get(), keys_->key.get(), EVP_sha256()) > 0);
  CertificateFiles files{folder_ / (std::to_string(number) + ".pem"),
                         folder_ / (std::to_string(number) + ".key")};
  require(PEM_write_X509(create(files.certificate).get(), certificate.get()) == 1);
  require(PEM_write_PrivateKey(create(files.key).get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) ==
          1);
  return files;
}

}  // namespace healthd::test
