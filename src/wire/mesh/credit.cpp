// CREDIT: | priority u8 | bytes_total varint |
#include "wire/mesh/detail/frame_bodies.h"
#include "wire/mesh/detail/frame_reader.h"
#include "wire/mesh/detail/frame_writer.h"

namespace kith::mesh::detail {

Result<Credit> decode_credit(Bytes body) {
    FrameReader reader(body);
    const std::uint8_t priority = reader.u8();
    if (priority >= kPriorityCount) {
        reader.fail(malformed("priority is larger than 7"));
    }
    const Credit frame{.priority = static_cast<Priority>(priority), .bytes_total = reader.varint()};
    TRY(reader.finish());
    return frame;
}

std::size_t body_bytes(const Credit& frame) {
    return 1 + varint_bytes(frame.bytes_total);
}

void put_body(ByteWriter& out, const Credit& frame) {
    CHECK(static_cast<std::size_t>(frame.priority) < kPriorityCount);
    put_enum(out, frame.priority);
    put_varint(out, frame.bytes_total);
}

}  // namespace kith::mesh::detail
