// Nodes that do not belong to the mesh any more. A revocation is for ever: a key that was lost does
// not come back, and its owner joins with a new one.
//
// The root of the mesh says so, or a holder in its place, under its signature: whoever hears of a
// revocation, from whomever, can tell whether it counts. Every node keeps all of them, as lines and
// in the bodies of Revocation records:
//
//     kith-mesh revoked 1
//     signer HEX                           (a holder's certificate, DER; none before the root's)
//     node ID AT_MS SIGNATURE_HEX
//
//     version u8 (1) | signer length u16 | signer | (node u64 | at u64, ms | length u8 |
//     signature)*
//
// The signature is ECDSA with SHA-256 over "kith-mesh-revocation/1" | root fingerprint 32
// | node u64 | at u64. All numbers big-endian. Threads: values. Limits: kRevocationsMax;
// docs/formats/mesh-membership.md.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/digest.h"
#include "mesh/limits.h"
#include "wire/mesh/types.h"

namespace kith::mesh {

inline constexpr std::size_t kRevocationsMax = kNodesMax;
/// Of a signature by P-256, DER.
inline constexpr std::size_t kRevocationSignatureBytesMax = 80;
/// A holder's certificate, with room.
inline constexpr std::size_t kRevocationSignerBytesMax = 2048;

struct Revocation {
    NodeId node;
    WallTime at;
    std::vector<std::uint8_t> signer;  // a holder's certificate, DER; empty: the root
    std::vector<std::uint8_t> signature;

    friend bool operator==(const Revocation&, const Revocation&) = default;
};

/// What is signed.
[[nodiscard]] std::vector<std::uint8_t> revocation_statement(const crypto::Digest& root_fingerprint,
                                                             NodeId node, WallTime at);

class RevocationList {
  public:
    /// Errors: Malformed, Limit, Unsupported.
    [[nodiscard]] static Result<RevocationList> parse(std::string_view text);
    [[nodiscard]] std::string to_text() const;

    /// The first of a node stays. Errors: Limit.
    [[nodiscard]] Status add(Revocation revocation);
    [[nodiscard]] bool has(NodeId node) const { return nodes_.contains(node); }
    [[nodiscard]] const std::map<NodeId, Revocation>& nodes() const { return nodes_; }

    /// The bodies of the Revocation records that tell of all of them, part by part.
    [[nodiscard]] std::vector<std::vector<std::uint8_t>> to_bodies() const;

  private:
    /// Those of one signer together.
    [[nodiscard]] std::vector<const Revocation*> by_signer() const;

    std::map<NodeId, Revocation> nodes_;
};

/// What a record tells; nobody has looked at the signatures. Errors: Malformed.
[[nodiscard]] Result<std::vector<Revocation>> decode_revocations(Bytes body);

}  // namespace kith::mesh
