// Certificates by which the members of a mesh know one another.
//
// A mesh has one root, whose certificate every member holds. The root signs members, or holders:
// authorities that sign members in its place, so that its own key can stay in a safe. A member
// shows its certificate and those of the holders between it and the root, as DER, its own first.
// What a member is allowed is written into its certificate as a URI (subject alternative name);
// which URIs there are is not this module's business. Members are servers and clients in one.
// Keys of authorities are EC P-256, those of members Ed25519.
// Threads: any. A verification takes up to 1 ms. Limits: below.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/certificate.h"
#include "crypto/signature.h"
#include "crypto/signing_key.h"

namespace kith::crypto {

inline constexpr std::chrono::days kMemberLifetimeDefault{365};
/// Certificates that a member shows: its own, and that of one holder.
inline constexpr std::size_t kMemberChainMax = 2;
/// A URI in a member's certificate.
inline constexpr std::size_t kMemberUriBytesMax = 128;

/// Errors: Invalid if the mesh's name does not fit a certificate.
[[nodiscard]] Result<Identity> make_mesh_root(std::string_view mesh_name, WallTime now);

/// An authority that signs members in the root's place. Errors: Invalid (name, or a broken root);
/// Limit if the root ends before.
[[nodiscard]] Result<Identity> delegate_mesh_authority(const Identity& root,
                                                       std::string_view holder_name, WallTime now);

/// Whether it can sign: an authority, with the key that belongs to it. Errors: Malformed, Invalid.
[[nodiscard]] Status check_mesh_authority(const Identity& authority);

/// What an authority says beside certificates: ECDSA with SHA-256, DER. Errors: Malformed, Invalid.
[[nodiscard]] Result<std::vector<std::uint8_t>> sign_as_authority(const Identity& authority,
                                                                  Bytes statement);

struct MemberOptions {
    Ed25519PublicKey public_key{};
    std::string_view name;  // the common name, for people: 1 to 64 bytes of UTF-8
    std::string_view uri;   // what the member is allowed; printable ASCII
    std::chrono::days lifetime = kMemberLifetimeDefault;
    WallTime now;
    /// Of a certificate that is renewed, the not_before of the one before, which stays; empty: now.
    std::optional<WallTime> since;
};

/// The new certificate, as DER. What the member shows is this, and behind it the DER of the holder
/// if it was one that signed. Errors: Invalid (an option, or a broken authority); Limit if the
/// authority ends before.
[[nodiscard]] Result<std::vector<std::uint8_t>> issue_member_certificate(
    const Identity& authority, const MemberOptions& options);

/// What a verified certificate says.
struct Member {
    VerificationKey key;
    Ed25519PublicKey public_key{};
    std::string uri;
    WallTime not_before;
    WallTime not_after;
};

class MemberVerifier {
  public:
    /// Errors: Malformed, if it is not a certificate; Invalid, if it is none of an authority.
    [[nodiscard]] static Result<MemberVerifier> create(std::string_view root_pem);

    /// `now` is empty for a node that does not know the time: it looks at signatures alone. Errors:
    /// Malformed if it is no chain of certificates, Limit if it is too long; Denied if this root
    /// has not signed it, it is not valid now, or it is not a member's.
    [[nodiscard]] Result<Member> verify(Bytes chain, std::optional<WallTime> now) const;

    /// Whether an authority said so: this root if `signer` is empty, or the holder with this
    /// certificate, DER. Dates are not looked at: what was said stays said. Errors: Malformed;
    /// Denied.
    [[nodiscard]] Status verify_statement(Bytes signer, Bytes statement, Bytes signature) const;

  private:
    explicit MemberVerifier(std::shared_ptr<void> root) : root_(std::move(root)) {}

    std::shared_ptr<void> root_;  // the library's own; shared_ptr: its type is known to one file
};

/// The DER of the first certificate in `pem`. Errors: Malformed.
[[nodiscard]] Result<std::vector<std::uint8_t>> certificate_der(std::string_view pem);

/// What a member shows, as text for its file and for TLS, and back. Errors: Malformed; Limit if it
/// is too long.
[[nodiscard]] Result<std::string> chain_to_pem(Bytes chain);
[[nodiscard]] Result<std::vector<std::uint8_t>> chain_from_pem(std::string_view pem);

}  // namespace kith::crypto
