// How a new node becomes a member: one request and one answer, over a channel that the caller has
// made. No sockets, no clock.
//
//     JoinRequest  version u8 (1) | invite u64 | public key 32 | name length u8 | name
//                  | proof 32 | signature 64
//     RenewalRequest  version u8 (2) | name length u8 | name | chain length u16 | chain (DER, the
//                  member's first) | signature 64
//     JoinAnswer   version u8 (1) | verdict u8; if that is Accepted:
//                  root length u16 | root (DER) | chain length u16 | chain (DER, the member's
//                  first)
//
// All numbers big-endian. The proof is HMAC-SHA-256, keyed with SHA-256 of the invite's secret, and
// the signature that of the new node's key, both over
//
//     "kith-mesh-join/1" | root fingerprint 32 | binding length u8 | binding | the request before
//                                                                              its proof
//
// A member asks for its next certificate with the one that it has; the signature is that of its key
// over "kith-mesh-renewal/1" and what else a JoinRequest's is over. It is answered alike.
//
// The binding is what names this very channel and no other: for TLS 1.3 the 32 bytes of the
// exporter (RFC 9266). So who takes the request out of one channel cannot use it on another, and
// nobody learns the secret from it. The new node needs no certificate for that channel. It takes an
// answer only with the root that its token pins, and its own key in the certificate.
// Threads: values. Limits: kJoinRequestBytesMax, kJoinAnswerBytesMax, JoinAttempts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "mesh/trust/authority.h"
#include "mesh/trust/invites.h"
#include "mesh/trust/join_token.h"
#include "mesh/trust/node_key.h"
#include "mesh/trust/revocations.h"

namespace kith::mesh {

inline constexpr std::size_t kJoinRequestBytesMax = 1 + 8 + 32 + 1 + kNodeNameBytesMax + 32 + 64;
inline constexpr std::size_t kRenewalRequestBytesMax =
    1 + 1 + kNodeNameBytesMax + 2 + kRecordBodyBytesMax + 64;
inline constexpr std::size_t kJoinAnswerBytesMax = 8192;
/// What a channel must have of its own.
inline constexpr std::size_t kChannelBindingBytesMin = 16;
inline constexpr std::size_t kChannelBindingBytesMax = 64;

/// Attempts that an issuer looks at: so many at once, and so many a second.
inline constexpr int kJoinAttemptsAtOnce = 20;
inline constexpr Duration kJoinAttemptInterval = 250ms;

enum class JoinVerdict : std::uint8_t {
    Accepted = 0,
    NotInvited = 1,  // no such invite, or a proof that is wrong: not told apart
    Expired = 2,
    UsedUp = 3,
    Revoked = 4,      // this key does not belong any more
    Busy = 5,         // too many attempts; try again later
    NotPossible = 6,  // the issuer cannot certify now
    Malformed = 7,
};
inline constexpr std::size_t kJoinVerdictCount = 8;
/// "the invite has expired": for people.
[[nodiscard]] const char* to_string(JoinVerdict verdict);

struct JoinRequest {
    InviteId invite;
    crypto::Ed25519PublicKey public_key{};
    std::string_view name;  // borrowed
    Bytes proof;            // borrowed
    Bytes signature;        // borrowed
    Bytes proven;           // all before the proof
};
/// Errors: Malformed.
[[nodiscard]] Result<JoinRequest> decode_join_request(Bytes bytes);

/// What the new node sends. Requires: check_node_name(name). Errors: Invalid for a binding that is
/// too short or too long.
[[nodiscard]] Result<std::vector<std::uint8_t>> make_join_request(const JoinToken& token,
                                                                  const NodeKey& key,
                                                                  std::string_view name,
                                                                  Bytes channel_binding);

/// What a member shows when its certificate is to be renewed. Borrowed for a call.
struct MemberProof {
    const crypto::Digest& root_fingerprint;
    const NodeKey& key;
    std::string_view name;
    Bytes chain;
};
/// Requires: check_node_name(name). Errors: as make_join_request(); Limit for a chain that is too
/// long.
[[nodiscard]] Result<std::vector<std::uint8_t>> make_renewal_request(const MemberProof& member,
                                                                     Bytes channel_binding);

/// How many attempts an issuer looks at: a bucket that fills again.
class JoinAttempts {
  public:
    /// Whether take() would give one.
    [[nodiscard]] bool has_left(Instant now);
    /// False: too many.
    [[nodiscard]] bool take(Instant now);

  private:
    int left_ = kJoinAttemptsAtOnce;
    Instant filled_at_;
};

/// Borrowed for a call.
struct JoinOffice {
    const MeshAuthority& authority;
    InviteBook& invites;  // the use is noted; to be on disk before the answer leaves
    const RevocationList& revocations;
    JoinAttempts& attempts;
    WallTime wall_now;
    Instant now;
};

struct JoinOutcome {
    JoinVerdict verdict = JoinVerdict::Malformed;
    NodeId node;                       // 0 if the request could not be read
    std::string name;                  // likewise empty
    std::vector<std::uint8_t> answer;  // to be sent in any case
};

/// An answer that says no, to a request that was not read.
[[nodiscard]] JoinOutcome refuse_join_request(JoinVerdict verdict);

/// What the issuer answers, to a JoinRequest or a RenewalRequest. Only an accepted JoinRequest
/// changes the office's invites.
[[nodiscard]] JoinOutcome answer_join_request(const JoinOffice& office, Bytes request,
                                              Bytes channel_binding);

/// What the new node has become.
struct Admission {
    std::string root_pem;
    std::vector<std::uint8_t> chain;
    NodeRole role = NodeRole::Router;
    WallTime not_after;
};

/// What an answer says, for the node that asked with `token` and `key`. `now` is empty if it does
/// not know the time. Errors: Malformed; Denied with the verdict, and for an answer that the token
/// or the key does not fit; Unavailable for Busy and NotPossible.
[[nodiscard]] Result<Admission> read_join_answer(Bytes answer, const JoinToken& token,
                                                 const NodeKey& key, std::optional<WallTime> now);

/// Likewise, for a member that asked with make_renewal_request(). Errors: Denied for another role,
/// too.
[[nodiscard]] Result<Admission> read_renewal_answer(Bytes answer, const MemberProof& member,
                                                    NodeRole role, std::optional<WallTime> now);

/// Before the request is sent: whether the one at the other end of the channel belongs to the mesh
/// of this root, which the token pins. `shown` is its chain and the root behind it, as TLS has
/// shown them, DER. Errors: Denied, Malformed.
[[nodiscard]] Status check_issuer(const crypto::Digest& root_fingerprint,
                                  const std::vector<Bytes>& shown, std::optional<WallTime> now);

}  // namespace kith::mesh
