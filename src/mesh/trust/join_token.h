// The text by which a new node finds a mesh, knows it for the right one, and is let in.
//
//     kith1.<base64url>
//
//     version u8 (1) | role u8 | expires_at u64, ms | root fingerprint 32 | invite u64
//     | secret 16 | locator count u8 | (length u8, text)* | check 4
//
// All numbers big-endian. The fingerprint is SHA-256 of the DER of the mesh's root: whoever answers
// the new node must show a certificate of that root. The check is the first 4 bytes of SHA-256 over
// what stands before it, so that a mistyped token is refused where it was typed. A token is a
// secret until it has expired or is used up. Threads: values. Limits: kJoinTokenBytesMax.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/strong_id.h"
#include "base/time.h"
#include "crypto/digest.h"
#include "wire/mesh/limits.h"
#include "wire/mesh/types.h"

namespace kith::mesh {

/// Names an invite; not a secret.
using InviteId = StrongId<struct InviteIdTag, std::uint64_t>;
using InviteSecret = std::array<std::uint8_t, 16>;

/// Of the text: eight locators of full length and what stands before them.
inline constexpr std::size_t kJoinTokenBytesMax = 1024;

struct JoinToken {
    NodeRole role = NodeRole::Router;
    WallTime expires_at;
    crypto::Digest root_fingerprint{};
    InviteId invite;
    InviteSecret secret{};
    std::vector<std::string> locators;  // HOST:PORT of those that may let in

    friend bool operator==(const JoinToken&, const JoinToken&) = default;
};

/// Whether it is HOST:PORT, with brackets around an IPv6 address. Errors: Invalid, Limit.
[[nodiscard]] Status check_locator(std::string_view locator);

/// Requires: kLocatorsMax locators at most, which check_locator() takes.
[[nodiscard]] std::string to_text(const JoinToken& token);

/// Errors: Malformed with what is wrong; Unsupported for one of a later version.
[[nodiscard]] Result<JoinToken> parse_join_token(std::string_view text);

}  // namespace kith::mesh
