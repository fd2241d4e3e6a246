// What is said over a stream that stands for a TCP connection somewhere else: from one end of a
// circuit to the other, inside of TLS, and between a node and whoever has it forward.
//
//     piece := kind:2 length:14, 2 bytes | body
//
// Sans-I/O. The first piece towards the service is a Target, the first one back a Verdict; behind
// an Accepted, bytes follow in both directions, and each direction has an End of its own. Another
// Verdict ends both at once. docs/formats/mesh.md has it. Limits: kForwardBytesMax.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace kith::mesh {

/// Of one piece; a longer range goes as several.
inline constexpr std::size_t kForwardBytesMax = (1U << 14U) - 1;
/// A host, a colon and a port.
inline constexpr std::size_t kForwardTargetBytesMax = 262;

enum class ForwardKind : std::uint8_t {
    Bytes = 0,    // one at least
    End = 1,      // no more follow in this direction; empty
    Verdict = 2,  // what became of the connection
    Target = 3,   // HOST:PORT
};

enum class ForwardVerdict : std::uint8_t {
    Accepted = 0,     // there is a connection
    NotAllowed = 1,   // to this node, or to all
    Unreachable = 2,  // the service: nobody listens there, or the host is not known or silent
    TooMany = 3,
    Broken = 4,  // the connection was there, and was broken off
};

struct ForwardPiece {
    ForwardKind kind = ForwardKind::Bytes;
    Bytes body;  // of the input
    std::size_t piece_bytes = 0;
};

/// The first piece in `bytes`; nothing if more are needed. Errors: Malformed.
[[nodiscard]] Result<std::optional<ForwardPiece>> next_forward_piece(Bytes bytes);
/// What stands before a body of so many bytes. Requires: kForwardBytesMax at most.
[[nodiscard]] std::vector<std::uint8_t> forward_head(ForwardKind kind, std::size_t bytes);
/// A whole piece. Requires: as above.
[[nodiscard]] std::vector<std::uint8_t> forward_piece(ForwardKind kind, Bytes body);
/// A Verdict with a sentence for people; cut if it is too long.
[[nodiscard]] std::vector<std::uint8_t> forward_verdict(ForwardVerdict verdict,
                                                        std::string_view why);

struct ForwardAnswer {
    ForwardVerdict verdict = ForwardVerdict::Broken;
    std::string why;
};
/// Errors: Malformed.
[[nodiscard]] Result<ForwardAnswer> read_forward_verdict(Bytes body);

}  // namespace kith::mesh
