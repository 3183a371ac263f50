// What a finished TLS handshake shows of the peer's certificates.
#pragma once

#include <openssl/types.h>

#include "probes/net/tls.hpp"

namespace healthd {

/// `ssl` has finished its handshake as a client.
TlsReport describe_peer(SSL* ssl);

}  // namespace healthd
