// What a finished TLS handshake shows of the peer's certificates.
#pragma once

#include <openssl/types.h>

#include <string>
#include <vector>

#include "probes/net/tls.hpp"

namespace healthd {

/// One thing that is wrong with the served chain. OpenSSL itself remembers one only.
struct ChainFlaw {
  int code = 0;   ///< X509_V_ERR_...
  int depth = 0;  ///< 0: the server's own certificate
  std::string subject_cn;
};

/// What the verification objects to at the moment of its callback.
ChainFlaw current_flaw(X509_STORE_CTX* verification);

/// The finding that a person should act on, and the others behind it: who cannot trust the certificate cannot
/// believe its name, and dates matter for the right name only.
Failure verdict(const std::vector<ChainFlaw>& flaws);

/// `ssl` has finished its handshake as a client; `flaws` are all that its verification objected to.
TlsReport describe_peer(SSL* ssl, std::vector<ChainFlaw> flaws);

}  // namespace healthd
