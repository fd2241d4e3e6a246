// What stands in front of every frame: its length, type and priority.
//
//      7 6 5 4 3 2 1 0
//     +---------------+
//     | length varint |  of what follows: 1 to kFrameBytesMax
//     +---------+-----+
//     | type    | prio|
//     +---------+-----+
//     | body, length - 1 bytes ...
#include "base/check.h"
#include "wire/mesh/codec.h"
#include "wire/mesh/detail/frame_bodies.h"
#include "wire/mesh/detail/varint.h"

namespace kith::mesh {
namespace {

constexpr unsigned kTypeShift = 3;
constexpr std::uint8_t kPriorityMask = 0x07;

}  // namespace

Result<std::optional<FrameSlice>> next_frame(Bytes bytes) {
    const detail::Varint length = detail::scan_varint(bytes);
    if (length.state == detail::Varint::State::Incomplete) {
        return std::nullopt;
    }
    if (length.state == detail::Varint::State::Malformed) [[unlikely]] {
        return fail(ErrorKind::Malformed, "length of a frame is not in its shortest form");
    }
    if (length.value == 0) [[unlikely]] {
        return fail(ErrorKind::Malformed, "length of a frame is 0");
    }
    if (length.value > kFrameBytesMax) [[unlikely]] {
        return fail(ErrorKind::Limit, "frame is too large");
    }
    const std::size_t frame_bytes = length.size_bytes + length.value;
    if (frame_bytes > bytes.size()) {
        return std::nullopt;
    }
    const std::uint8_t head = bytes[length.size_bytes];
    return FrameSlice{.type = static_cast<FrameType>(head >> kTypeShift),
                      .priority = static_cast<Priority>(head & kPriorityMask),
                      .body = bytes.subspan(length.size_bytes + 1U, length.value - 1),
                      .frame_bytes = frame_bytes};
}

namespace detail {

std::size_t header_bytes(std::size_t body_bytes) {
    return varint_bytes(body_bytes + 1) + 1;
}

void put_header(ByteWriter& out, FrameType type, Priority priority, std::size_t body_bytes) {
    CHECK_TEXT(body_bytes < kFrameBytesMax, "frame is too large");
    CHECK(static_cast<std::size_t>(priority) < kPriorityCount);
    put_varint(out, body_bytes + 1);
    out.u8(static_cast<std::uint8_t>((static_cast<unsigned>(type) << kTypeShift) |
                                     static_cast<unsigned>(priority)));
}

}  // namespace detail
}  // namespace kith::mesh
