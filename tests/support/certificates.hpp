// A throw-away certificate authority, so that tests have certificates with every fault there is.
#pragma once

#include <openssl/types.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace healthd::test {

struct CertificateFiles {
  std::string certificate;  ///< PEM
  std::string key;          ///< PEM
};

class Authority {
 public:
  /// Writes its own certificate into `folder`.
  explicit Authority(std::filesystem::path folder);
  ~Authority();

  const std::string& certificate() const { return certificate_; }
  /// A server certificate for `name` (a DNS name), valid from now + `begins` to now + `ends`.
  CertificateFiles issue(const std::string& name, std::chrono::seconds begins = std::chrono::hours{-1},
                         std::chrono::seconds ends = std::chrono::hours{24 * 90});

 private:
  struct Keys;
  std::filesystem::path folder_;
  std::unique_ptr<Keys> keys_;
  std::string certificate_;
  int issued_ = 0;
};

}  // namespace healthd::test
