// CUSTODY-ACK: list of entries.
//
//     entry
//     +-------------------------------+
//     | origin, 8 bytes               |
//     +-------------------------------+
//     | epoch                         |
//     +-------------------------------+
//     | sequence varint (not 0)       |
//     +---------------+---------------+
//     | verdict       |
//     +---------------+
//     | list of nodes, 8 bytes each, in order, none twice
#include "wire/mesh/detail/frame_bodies.h"
#include "wire/mesh/detail/frame_reader.h"
#include "wire/mesh/detail/frame_writer.h"

namespace kith::mesh::detail {
namespace {

constexpr auto kVerdictMax = static_cast<std::uint8_t>(CustodyVerdict::Waiting);
constexpr std::size_t kEntryBytesMin = 8 + 4 + 1 + 1 + 1;
constexpr std::size_t kNodeBytes = 8;

void read_destinations(FrameReader& reader, CustodyEntry& entry) {
    const std::size_t count = reader.count(kDestinationsMax, kNodeBytes);
    entry.destinations.reserve(count);
    NodeId previous;
    for (std::size_t i = 0; i < count; ++i) {
        const NodeId node = reader.node_id();
        if (node <= previous) {
            reader.fail(malformed("destinations are not in order"));
        }
        entry.destinations.push_back(node);
        previous = node;
    }
}

template <typename Out>
void put(Out& out, const CustodyAck& frame) {
    put_varint(out, frame.entries.size());
    for (const CustodyEntry& entry : frame.entries) {
        put_data_id(out, entry.id);
        put_enum(out, entry.verdict);
        put_varint(out, entry.destinations.size());
        for (const NodeId node : entry.destinations) {
            put_node_id(out, node);
        }
    }
}

/// What a decoder would refuse.
void check(const CustodyAck& frame) {
    CHECK(frame.entries.size() <= kListEntriesMax);
    for (const CustodyEntry& entry : frame.entries) {
        CHECK(static_cast<std::uint8_t>(entry.verdict) <= kVerdictMax);
        CHECK(entry.destinations.size() <= kDestinationsMax);
        for (std::size_t i = 1; i < entry.destinations.size(); ++i) {
            CHECK_TEXT(entry.destinations[i - 1] < entry.destinations[i],
                       "destinations are not in order");
        }
    }
}

}  // namespace

Result<CustodyAck> decode_custody_ack(Bytes body) {
    FrameReader reader(body);
    CustodyAck frame;
    const std::size_t count = reader.count(kListEntriesMax, kEntryBytesMin);
    frame.entries.reserve(count);
    for (std::size_t i = 0; i < count && !reader.failed(); ++i) {
        CustodyEntry& entry = frame.entries.emplace_back();
        entry.id = reader.data_id();
        const std::uint8_t verdict = reader.u8();
        if (verdict > kVerdictMax) {
            reader.fail(malformed("verdict of a custodian is not known"));
        }
        entry.verdict = static_cast<CustodyVerdict>(verdict);
        read_destinations(reader, entry);
    }
    TRY(reader.finish());
    return frame;
}

std::size_t body_bytes(const CustodyAck& frame) {
    return count_bytes([&frame](auto& out) { put(out, frame); });
}

void put_body(ByteWriter& out, const CustodyAck& frame) {
    check(frame);
    put(out, frame);
}

}  // namespace kith::mesh::detail
