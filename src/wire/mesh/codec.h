// Frames to bytes and bytes to frames. Strict and without state: a frame that no correct node sends
// is Malformed, one beyond a limit is Limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/mesh/frames.h"

namespace kith::mesh {

/// The first frame in a stream of bytes.
struct FrameSlice {
    FrameType type;
    Priority priority;
    Bytes body;                   // without length, type and priority
    std::size_t frame_bytes = 0;  // with them
};

/// The first whole frame of `bytes`; nothing if more bytes are needed. Errors: Malformed for a
/// length that cannot be, Limit beyond kFrameBytesMax.
[[nodiscard]] Result<std::optional<FrameSlice>> next_frame(Bytes bytes);

/// Views are borrowed from the slice. Errors: Malformed, Limit; Unsupported for a type of frame or
/// a kind of record that is not known, which a receiver skips.
[[nodiscard]] Result<Frame> decode(const FrameSlice& slice);

/// Hot paths: without the detour through Frame. Requires: the slice is of that type.
[[nodiscard]] Result<Hello> decode_hello(Bytes body);
[[nodiscard]] Result<Data> decode_data(const FrameSlice& slice);

/// Bytes of the whole frame, length, type and priority included. Requires: within the limits.
[[nodiscard]] std::size_t frame_bytes(const Frame& frame);
/// Writes it. Requires: `room` has frame_bytes(frame); returns how many were written. A Data goes
/// with its own priority, a State and a Circuit with priority_of() its kind, everything else as
/// Control.
std::size_t encode(const Frame& frame, MutableBytes room);

/// A retained message of the common state goes behind what is live.
[[nodiscard]] constexpr Priority priority_of(StateKind kind) {
    return kind == StateKind::Retained ? Priority::Bulk : Priority::Command;
}
/// The bytes of circuits go behind all messages.
[[nodiscard]] constexpr Priority priority_of(CircuitKind kind) {
    return kind == CircuitKind::Bytes ? Priority::Bulk : Priority::Low;
}

/// Hot path: the same for a Hello, without the detour through Frame.
[[nodiscard]] std::size_t frame_bytes(const Hello& hello);
std::size_t encode(const Hello& hello, MutableBytes room);
/// No Hello is larger: for a buffer on the stack.
inline constexpr std::size_t kHelloFrameBytesMax = 104;

/// A Data without its payload, which the caller sends right behind it: the payload of a message is
/// the same for every next hop, what stands before it is not.
[[nodiscard]] std::size_t data_head_bytes(const Data& data);
std::size_t encode_data_head(const Data& data, MutableBytes room);

/// What stands before `told` in a Record frame: length, type and left_ms. `told` follows from an
/// encoded record: it is the last told_bytes of it, and is kept and shared by all that send it.
inline constexpr std::size_t kRecordHeadBytesMax = 16;
std::size_t encode_record_head(std::size_t told_bytes, std::uint32_t left_ms, MutableBytes room);
[[nodiscard]] std::size_t told_bytes(const Record& record);

/// What the signature of a record covers; `body` and all before it, with the prefix.
[[nodiscard]] std::size_t signed_bytes(const Record& record);
std::size_t encode_signed(const Record& record, MutableBytes room);

}  // namespace kith::mesh
