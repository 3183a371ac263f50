// Throw-away certificate authorities, so that tests have certificates with every fault there is.
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
  /// Writes its own certificate into `folder`, which no other authority uses.
  explicit Authority(std::filesystem::path folder, std::string name = "Test CA");
  ~Authority();

  /// Signed by itself.
  const std::string& certificate() const { return certificate_; }
  /// A certificate for `name` (a DNS name or an address), valid from now + `begins` to now + `ends`.
  CertificateFiles issue(const std::string& name, std::chrono::seconds begins = std::chrono::hours{-1},
                         std::chrono::seconds ends = std::chrono::hours{24 * 90});
  /// The file of a certificate that vouches for `other`, which is an intermediate authority thereby.
  std::string vouch_for(const Authority& other, std::chrono::seconds begins = std::chrono::hours{-1},
                        std::chrono::seconds ends = std::chrono::hours{24 * 180});

 private:
  struct Keys;
  std::filesystem::path folder_;
  std::string name_;
  std::unique_ptr<Keys> keys_;
  std::string certificate_;
  int issued_ = 0;
};

}  // namespace healthd::test
