// ECHO: a wave on its way out or back.
//
//     +-------------------------------+
//     | initiator, 8 bytes            |
//     +-------------------------------+
//     | epoch                         |
//     | wave                          |
//     +-+-----------+-+---------------+
//     |      0      |C|                   C: is complete
//     +-+-----------+-+
//     | list of (origin, kind, part, epoch, counter)
#include "wire/mesh/detail/frame_bodies.h"
#include "wire/mesh/detail/record_fields.h"

namespace kith::mesh::detail {
namespace {

constexpr std::uint8_t kIsComplete = 0x01;

template <typename Out>
void put(Out& out, const Echo& frame) {
    put_node_id(out, frame.initiator);
    out.u32(frame.epoch);
    out.u32(frame.wave);
    out.u8(flag(frame.is_complete, kIsComplete));
    put_record_versions(out, frame.wanted);
}

}  // namespace

Result<Echo> decode_echo(Bytes body) {
    FrameReader reader(body);
    Echo frame;
    frame.initiator = reader.node_id();
    frame.epoch = reader.u32();
    frame.wave = reader.u32();
    frame.is_complete = (reader.flags(kIsComplete) & kIsComplete) != 0;
    frame.wanted = read_record_versions(reader);
    TRY(reader.finish());
    return frame;
}

std::size_t body_bytes(const Echo& frame) {
    return count_bytes([&frame](auto& out) { put(out, frame); });
}

void put_body(ByteWriter& out, const Echo& frame) {
    put(out, frame);
}

}  // namespace kith::mesh::detail
