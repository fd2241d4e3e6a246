// RECEIPT: | received_frames u32 |
#include "wire/mesh/detail/frame_bodies.h"
#include "wire/mesh/detail/frame_reader.h"

namespace kith::mesh::detail {

Result<Receipt> decode_receipt(Bytes body) {
    FrameReader reader(body);
    const Receipt frame{.received_frames = reader.u32()};
    TRY(reader.finish());
    return frame;
}

std::size_t body_bytes(const Receipt&) {
    return 4;
}

void put_body(ByteWriter& out, const Receipt& frame) {
    out.u32(frame.received_frames);
}

}  // namespace kith::mesh::detail
