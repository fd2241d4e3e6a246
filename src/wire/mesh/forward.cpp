#include "wire/mesh/forward.h"

#include <algorithm>

#include "base/check.h"
#include "base/utf8.h"

namespace kith::mesh {
namespace {

constexpr std::size_t kHeadBytes = 2;
constexpr unsigned kKindShift = 14;
constexpr std::size_t kWhyBytesMax = 240;
constexpr auto kVerdictMax = static_cast<std::uint8_t>(ForwardVerdict::Broken);

bool is_length_right(ForwardKind kind, std::size_t bytes) {
    switch (kind) {
        case ForwardKind::Bytes:
            return bytes > 0;
        case ForwardKind::End:
            return bytes == 0;
        case ForwardKind::Verdict:
            return bytes > 0 && bytes <= kWhyBytesMax + 1;
        case ForwardKind::Target:
            return bytes > 0 && bytes <= kForwardTargetBytesMax;
    }
    return false;
}

}  // namespace

Result<std::optional<ForwardPiece>> next_forward_piece(Bytes bytes) {
    if (bytes.size() < kHeadBytes) {
        return std::optional<ForwardPiece>();
    }
    const unsigned head = unsigned{bytes[0]} << 8U | bytes[1];
    const auto kind = static_cast<ForwardKind>(head >> kKindShift);
    const std::size_t length = head & kForwardBytesMax;
    if (!is_length_right(kind, length)) {
        return fail(ErrorKind::Malformed, "a piece of a forwarded connection has a wrong length");
    }
    if (bytes.size() < kHeadBytes + length) {
        return std::optional<ForwardPiece>();
    }
    return ForwardPiece{.kind = kind,
                        .body = bytes.subspan(kHeadBytes, length),
                        .piece_bytes = kHeadBytes + length};
}

std::vector<std::uint8_t> forward_head(ForwardKind kind, std::size_t bytes) {
    CHECK(is_length_right(kind, bytes));
    CHECK(bytes <= kForwardBytesMax);
    const auto head = static_cast<unsigned>(kind) << kKindShift | static_cast<unsigned>(bytes);
    return {static_cast<std::uint8_t>(head >> 8U), static_cast<std::uint8_t>(head)};
}

std::vector<std::uint8_t> forward_piece(ForwardKind kind, Bytes body) {
    std::vector<std::uint8_t> piece = forward_head(kind, body.size());
    piece.insert(piece.end(), body.begin(), body.end());
    return piece;
}

std::vector<std::uint8_t> forward_verdict(ForwardVerdict verdict, std::string_view why) {
    std::vector<std::uint8_t> body{static_cast<std::uint8_t>(verdict)};
    const Bytes text = as_bytes(why.substr(0, kWhyBytesMax));
    body.insert(body.end(), text.begin(), text.end());
    return forward_piece(ForwardKind::Verdict, body);
}

Result<ForwardAnswer> read_forward_verdict(Bytes body) {
    if (body.empty() || body[0] > kVerdictMax || !is_mqtt_utf8(body.subspan(1))) {
        return fail(ErrorKind::Malformed, "the answer to a forwarded connection is not known");
    }
    return ForwardAnswer{.verdict = static_cast<ForwardVerdict>(body[0]),
                         .why = std::string(as_text(body.subspan(1)))};
}

}  // namespace kith::mesh
