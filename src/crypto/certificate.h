// X.509 certificates that a node makes for itself, so that TLS works from the first start.
//
// A node makes two things once: an authority (ten years, its own key, may sign servers only) and a
// server certificate signed by it. Clients are given the authority as their CA file; the server
// certificate can then be made anew when a host name is added or its time runs out, without a visit
// to any machine. Keys are EC P-256; text is PEM. Making keys takes under a millisecond.
// Threads: any. Limits: kServerNamesMax names in one certificate.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace kith::crypto {

inline constexpr std::chrono::days kAuthorityLifetime{3650};
/// Some clients (Apple's) refuse server certificates that are valid for more than 825 days.
inline constexpr std::chrono::days kServerLifetime{820};
/// A server certificate is made anew when less than this is left.
inline constexpr std::chrono::days kRenewBefore{60};
/// Certificates are valid from this long before they were made, for clients whose clocks lag.
inline constexpr std::chrono::days kBackdate{1};
inline constexpr std::size_t kServerNamesMax = 64;

/// A certificate and its key. The key is PKCS #8 without a passphrase: keep its file private.
struct Identity {
    std::string certificate_pem;
    std::string private_key_pem;
};

struct CertificateFacts {
    std::string subject;             // RFC 2253: "CN=gw-1,O=Kith"
    std::string issuer;              // likewise
    std::vector<std::string> names;  // DNS names and IP addresses it is valid for, as text
    WallTime not_before;
    WallTime not_after;
    std::string fingerprint;  // SHA-256 of its DER, lower-case hex
    std::string serial;       // upper-case hex; empty if it has more than 20 bytes
    bool is_authority = false;
};

/// Errors: Invalid if the node's name does not fit a certificate (64 characters, UTF-8).
[[nodiscard]] Result<Identity> make_authority(std::string_view node_name, WallTime now);

/// The names every node answers to: localhost, its host name, both loopback addresses, and `extra`;
/// without repetition, in this order.
[[nodiscard]] std::vector<std::string> server_names(std::string_view host_name,
                                                    const std::vector<std::string>& extra);

/// Errors: Invalid for a name that is neither a DNS name nor an IP address, or for a broken
/// authority; Limit above kServerNamesMax names.
[[nodiscard]] Result<Identity> issue_server_certificate(const Identity& authority,
                                                        const std::vector<std::string>& names,
                                                        WallTime now);

/// Reads the first certificate in `pem`. Errors: Malformed.
[[nodiscard]] Result<CertificateFacts> read_certificate(std::string_view pem);

/// True if the certificate ends soon or lacks one of `names`.
[[nodiscard]] bool needs_renewal(const CertificateFacts& certificate,
                                 const std::vector<std::string>& names, WallTime now);

}  // namespace kith::crypto
