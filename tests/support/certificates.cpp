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
  explicit Keys(const std::string& name)
      : key{EVP_EC_gen("P-256")},
        certificate{make(name, key.get(), 1, std::chrono::hours{-24 * 365}, std::chrono::hours{24 * 365})} {}

  void sign(X509* other) const {
    X509_set_issuer_name(other, X509_get_subject_name(certificate.get()));
    require(X509_sign(other, key.get(), EVP_sha256()) > 0);
  }

  Key key;
  Certificate certificate;
};

Authority::Authority(std::filesystem::path folder, std::string name)
    : folder_{std::move(folder)},
      name_{std::move(name)},
      keys_{std::make_unique<Keys>(name_)},
      certificate_{folder_ / "ca.pem"} {
  auto* own = keys_->certificate.get();
  extend(own, own, NID_basic_constraints, "critical,CA:TRUE");
  keys_->sign(own);
  require(PEM_write_X509(create(certificate_).get(), own) == 1);
}

Authority::~Authority() = default;

CertificateFiles Authority::issue(const std::string& name, std::chrono::seconds begins,
                                  std::chrono::seconds ends) {
  const auto number = ++issued_;
  const Key key{EVP_EC_gen("P-256")};
  const auto certificate = make(name, key.get(), 100 + number, begins, ends);
  const bool address = name.find_first_not_of("0123456789.") == std::string::npos;
  extend(certificate.get(), keys_->certificate.get(), NID_subject_alt_name,
         (address ? "IP:" : "DNS:") + name);
  keys_->sign(certificate.get());
  CertificateFiles files{folder_ / (std::to_string(number) + ".pem"),
                         folder_ / (std::to_string(number) + ".key")};
  require(PEM_write_X509(create(files.certificate).get(), certificate.get()) == 1);
  require(PEM_write_PrivateKey(create(files.key).get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) ==
          1);
  return files;
}

std::string Authority::vouch_for(const Authority& other, std::chrono::seconds begins,
                                 std::chrono::seconds ends) {
  const auto number = ++issued_;
  const auto certificate = make(other.name_, other.keys_->key.get(), 100 + number, begins, ends);
  extend(certificate.get(), keys_->certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  keys_->sign(certificate.get());
  const std::string file = folder_ / (std::to_string(number) + ".pem");
  require(PEM_write_X509(create(file).get(), certificate.get()) == 1);
  return file;
}

}  // namespace healthd::test
