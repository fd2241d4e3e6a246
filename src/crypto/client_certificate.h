// Certificates for machines, signed by an authority that the node keeps for them alone.
//
// The authority for clients is not the one for servers: it has its own key and may sign client
// certificates only, as the other may sign servers only. So no machine can pose as a node with what
// it was given, whoever trusts which of the two. Path length 0: what it signs signs nothing.
//
// A machine may bring a certificate signing request (PKCS #10) and keep its key to itself: of the
// request only the key is taken, once its signature proves that the sender has the other half. The
// name, the times and the uses are the node's to say.
// Threads: any; a call takes up to 1 ms. Limits: below.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "crypto/certificate.h"

namespace kith::crypto {

inline constexpr std::chrono::days kClientLifetimeDefault{365};
inline constexpr std::chrono::days kClientLifetimeMax{3650};
/// A request in PEM; one with a key of 4096 bits has 2 KiB.
inline constexpr std::size_t kSigningRequestBytesMax = 16 * 1024;

/// Errors: Invalid if the node's name does not fit a certificate.
[[nodiscard]] Result<Identity> make_client_authority(std::string_view node_name, WallTime now);

struct ClientCertificateOptions {
    std::string_view machine;  // becomes the common name: 1 to 64 bytes of UTF-8
    std::chrono::days lifetime = kClientLifetimeDefault;
    WallTime now;
};

/// With a new key, EC P-256. Errors: Invalid (name, lifetime, or a broken authority); Limit if the
/// authority ends before.
[[nodiscard]] Result<Identity> issue_client_certificate(const Identity& authority,
                                                        const ClientCertificateOptions& options);

/// For the key in `request_pem`. Keys: EC on P-256 or P-384, Ed25519, RSA of 2048 to 4096 bits.
/// Errors: as above; Malformed (the request), Denied (it is not signed with its own key), Limit.
[[nodiscard]] Result<std::string> sign_client_request(const Identity& authority,
                                                      std::string_view request_pem,
                                                      const ClientCertificateOptions& options);

}  // namespace kith::crypto
