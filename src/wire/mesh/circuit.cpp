// CIRCUIT: bytes between two nodes, over those between them.
//
//     +-------------------------------+
//     | origin, 8 bytes               |
//     +-------------------------------+
//     | epoch                         |
//     +-------------------------------+
//     | number varint (not 0)         |
//     +-------+-+-+---+---------------+
//     |   0   |R|F| k |                   k: 0 open, 1 bytes, 2 room, 3 close; F: from its origin;
//     +-------+-+-+---+                   R: of an open, of one that both ends have already
//     | open:  destination, 8 bytes | way varint (not 0) | hops_left u8       (F is set)
//     | bytes: before varint | bytes blob                                     (not empty)
//     | room:  received varint | allowed varint                               (received first)
//     | close: reason u8
#include "wire/mesh/detail/frame_bodies.h"
#include "wire/mesh/detail/frame_reader.h"
#include "wire/mesh/detail/frame_writer.h"

namespace kith::mesh::detail {
namespace {

constexpr std::uint8_t kKindMask = 0x03;
constexpr std::uint8_t kFromOrigin = 0x04;
constexpr std::uint8_t kResumes = 0x08;
constexpr auto kEndMax = static_cast<std::uint8_t>(CircuitEnd::Gone);

void read_open(FrameReader& reader, Circuit& frame) {
    if (!frame.is_from_origin) {
        reader.fail(malformed("circuit is opened by who is not its origin"));
    }
    frame.destination = reader.node_id();
    frame.way = reader.varint_of<std::uint32_t>();
    frame.hops_left = reader.u8();
    if (frame.way == 0) {
        reader.fail(malformed("way of a circuit is 0"));
    }
}

void read_kind(FrameReader& reader, Circuit& frame) {
    switch (frame.kind) {
        case CircuitKind::Open:
            read_open(reader, frame);
            return;
        case CircuitKind::Bytes:
            frame.before = reader.varint();
            frame.bytes = reader.blob(kCircuitBytesMax);
            if (frame.bytes.empty()) {
                reader.fail(malformed("circuit carries nothing"));
            }
            return;
        case CircuitKind::Room:
            frame.received = reader.varint();
            frame.allowed = reader.varint();
            if (frame.allowed < frame.received) {
                reader.fail(malformed("circuit allows less than it has received"));
            }
            return;
        case CircuitKind::Close:
            break;
    }
    const std::uint8_t end = reader.u8();
    if (end > kEndMax) {
        reader.fail(malformed("end of a circuit is not known"));
        return;
    }
    frame.end = static_cast<CircuitEnd>(end);
}

template <typename Out>
void put(Out& out, const Circuit& frame) {
    put_node_id(out, frame.id.origin);
    out.u32(frame.id.epoch);
    put_varint(out, frame.id.number);
    out.u8(static_cast<std::uint8_t>(static_cast<std::uint8_t>(frame.kind) |
                                     flag(frame.is_from_origin, kFromOrigin) |
                                     flag(frame.resumes, kResumes)));
    switch (frame.kind) {
        case CircuitKind::Open:
            put_node_id(out, frame.destination);
            put_varint(out, frame.way);
            out.u8(frame.hops_left);
            return;
        case CircuitKind::Bytes:
            put_varint(out, frame.before);
            put_blob(out, frame.bytes);
            return;
        case CircuitKind::Room:
            put_varint(out, frame.received);
            put_varint(out, frame.allowed);
            return;
        case CircuitKind::Close:
            put_enum(out, frame.end);
            return;
    }
}

void check(const Circuit& frame) {
    CHECK(frame.id.number != 0);
    CHECK(frame.kind == CircuitKind::Open || !frame.resumes);
    switch (frame.kind) {
        case CircuitKind::Open:
            CHECK(frame.is_from_origin);
            CHECK(frame.way != 0);
            return;
        case CircuitKind::Bytes:
            CHECK(!frame.bytes.empty());
            CHECK(frame.bytes.size() <= kCircuitBytesMax);
            return;
        case CircuitKind::Room:
            CHECK(frame.allowed >= frame.received);
            return;
        case CircuitKind::Close:
            return;
    }
}

}  // namespace

Result<Circuit> decode_circuit(Bytes body) {
    FrameReader reader(body);
    Circuit frame;
    frame.id.origin = reader.node_id();
    frame.id.epoch = reader.u32();
    frame.id.number = reader.varint();
    if (frame.id.number == 0) {
        reader.fail(malformed("number of a circuit is 0"));
    }
    const std::uint8_t flags = reader.flags(kKindMask | kFromOrigin | kResumes);
    frame.kind = static_cast<CircuitKind>(flags & kKindMask);
    frame.is_from_origin = (flags & kFromOrigin) != 0;
    frame.resumes = (flags & kResumes) != 0;
    if (frame.resumes && frame.kind != CircuitKind::Open) {
        reader.fail(malformed("circuit is resumed without being opened"));
    }
    read_kind(reader, frame);
    TRY(reader.finish());
    return frame;
}

std::size_t body_bytes(const Circuit& frame) {
    return count_bytes([&frame](auto& out) { put(out, frame); });
}

void put_body(ByteWriter& out, const Circuit& frame) {
    check(frame);
    put(out, frame);
}

}  // namespace kith::mesh::detail
