// What a finished handshake tells about the other side.
#pragma once

#include <openssl/ssl.h>

#include "runtime/stream.h"

namespace kith::runtime {

class TlsContextImpl;

/// The certificate's fields stay empty unless it was verified.
[[nodiscard]] TlsPeer describe_peer(SSL* ssl, const TlsContextImpl& context);

}  // namespace kith::runtime
