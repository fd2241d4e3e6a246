// DATA: a message on its way. The hot path of the mesh: no allocation while its destinations fit,
// nothing copied.
//
//     +-------------------------------+
//     | origin, 8 bytes               |
//     +-------------------------------+
//     | epoch                         |
//     +-------------------------------+
//     | sequence varint (not 0)       |
//     +---+-----+-+-+-----+-----------+
//     |0|X| kind|W|R| qos |               W: wants a replica; R: retain; X: expires
//     +-+-+-----+-+-+-----+
//     | hops_left     |
//     +---------------+---------------+
//     | flow, 8 bytes                 |
//     | published_at_ms, 8 bytes      |   two's complement
//     +-------------------------------+
//     | if X: expires_after_ms varint (not 0)
//     | tenant varint
//     | list of destinations, 1 at least, in order of node, none twice
//     | topic text | properties blob | extensions blob
//     | payload, the rest of the frame
//
//     destination
//     +-------------------------------+
//     | node, 8 bytes                 |
//     +---------+-+-+-+---------------+
//     |    0    |G|S|A|                   A: for all; S: in a stream; G: for groups
//     +---------+-+-+-+
//     | if S: stream_sequence varint (not 0) | stream_sequence - stream_first varint
//     | if G: list of groups, 1 at least, 8 bytes each, in order, none twice
//
//     extension 1: state_time (not 0), state_replaces, 8 bytes each; state_forget_h, 4 bytes
//     extension 2: number (not 0), 8 bytes
//
// The extensions have a length, unlike those of other frames, for the payload is behind them: it is
// the same for every next hop, and what stands before it is not.
#include "wire/mesh/detail/frame_bodies.h"
#include "wire/mesh/detail/frame_reader.h"
#include "wire/mesh/detail/frame_writer.h"

namespace kith::mesh {
namespace {

using detail::flag;
using detail::FrameReader;
using detail::malformed;

constexpr std::uint8_t kQosMask = 0x03;
constexpr std::uint8_t kRetain = 0x04;
constexpr std::uint8_t kWantsReplica = 0x08;
constexpr std::uint8_t kKindMask = 0x30;
constexpr unsigned kKindShift = 4;
constexpr std::uint8_t kExpires = 0x40;
constexpr std::uint8_t kKnownFlags = 0x7F;

constexpr std::uint8_t kForAll = 0x01;
constexpr std::uint8_t kInStream = 0x02;
constexpr std::uint8_t kForGroups = 0x04;
constexpr std::uint8_t kKnownDestinationFlags = 0x07;

constexpr std::uint8_t kQosMax = 2;
constexpr auto kKindMax = static_cast<std::uint8_t>(DataKind::Directed);
constexpr std::uint8_t kStateExtension = 1;
constexpr std::size_t kStateExtensionBytes = 8 + 8 + 4;
constexpr std::uint8_t kNumberExtension = 2;
constexpr std::size_t kNumberExtensionBytes = 8;
constexpr std::size_t kDestinationBytesMin = 8 + 1;
constexpr std::size_t kGroupBytes = 8;

std::size_t message_bytes(const Data& data) {
    return data.topic.size() + data.properties.size() + data.payload.size();
}

void read_stream(FrameReader& reader, Destination& destination) {
    destination.stream_sequence = reader.varint();
    const std::uint64_t behind_first = reader.varint();
    if (destination.stream_sequence == 0) [[unlikely]] {
        reader.fail(malformed("place in a stream is 0"));
        return;
    }
    if (behind_first > destination.stream_sequence) [[unlikely]] {
        reader.fail(malformed("first open place of a stream is before its beginning"));
        return;
    }
    destination.stream_first = destination.stream_sequence - behind_first;
}

void read_groups(FrameReader& reader, Destination& destination) {
    const std::size_t count = reader.count(kDestinationGroupsMax, kGroupBytes);
    if (count == 0) [[unlikely]] {
        reader.fail(malformed("list of groups is empty"));
    }
    destination.groups.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t group = reader.u64();
        if (i > 0 && group <= destination.groups.back()) [[unlikely]] {
            reader.fail(malformed("groups are not in order"));
        }
        destination.groups.push_back(group);
    }
}

void read_destinations(FrameReader& reader, Destinations& destinations) {
    const std::size_t count = reader.count(kDestinationsMax, kDestinationBytesMin);
    if (count == 0) [[unlikely]] {
        reader.fail(malformed("message without a destination"));
    }
    destinations.reserve(count);
    NodeId previous;
    for (std::size_t i = 0; i < count && !reader.failed(); ++i) {
        Destination& destination = destinations.emplace_back();
        destination.node = reader.node_id();
        if (destination.node <= previous) [[unlikely]] {
            reader.fail(malformed("destinations are not in order"));
        }
        const std::uint8_t flags = reader.flags(kKnownDestinationFlags);
        destination.for_all = (flags & kForAll) != 0;
        if ((flags & kInStream) != 0) {
            read_stream(reader, destination);
        }
        if ((flags & kForGroups) != 0) {
            read_groups(reader, destination);
        }
        previous = destination.node;
    }
}

void read_flags(FrameReader& reader, Data& data) {
    const std::uint8_t flags = reader.flags(kKnownFlags);
    const auto kind = static_cast<std::uint8_t>((flags & kKindMask) >> kKindShift);
    data.qos = flags & kQosMask;
    data.retain = (flags & kRetain) != 0;
    data.wants_replica = (flags & kWantsReplica) != 0;
    data.kind = static_cast<DataKind>(kind);
    data.hops_left = reader.u8();
    data.flow = reader.u64();
    data.published_at_ms = static_cast<std::int64_t>(reader.u64());
    if ((flags & kExpires) != 0) {
        data.expires_after_ms = reader.varint_of<std::uint32_t>();
        if (data.expires_after_ms == 0) [[unlikely]] {
            reader.fail(malformed("message expires after 0 ms"));
        }
    }
    if (data.qos > kQosMax) [[unlikely]] {
        reader.fail(malformed("QoS is 3"));
    }
    if (kind > kKindMax) [[unlikely]] {
        reader.fail(malformed("kind of a message is not known"));
    }
    if (data.hops_left > kHopsMax) [[unlikely]] {
        reader.fail(detail::beyond_limit("message may take too many hops"));
    }
}

/// Skips those that it does not know.
Status read_extensions(Bytes extensions, Data& data) {
    FrameReader reader(extensions);
    for (std::size_t i = 0; !reader.at_end(); ++i) {
        const std::uint8_t kind = reader.u8();
        const Bytes value = reader.blob(kFrameBytesMax);
        if (i == kExtensionsMax) {
            reader.fail(detail::beyond_limit("too many extensions"));
        }
        if (reader.failed()) {
            continue;
        }
        FrameReader fields(value);
        if (kind == kNumberExtension) {
            data.number = fields.u64();
            if (fields.failed() || data.number == 0) {
                reader.fail(malformed("number of a message"));
            }
            continue;
        }
        if (kind != kStateExtension) {
            continue;
        }
        data.state_time = fields.u64();
        data.state_replaces = fields.u64();
        data.state_forget_h = fields.u32();
        if (fields.failed() || data.state_time == 0) {
            reader.fail(malformed("stamp of a retained message"));
        }
    }
    return reader.status();
}

// style: an out parameter, since moving a Data costs as much as decoding it.
Status read_data(const FrameSlice& slice, Data& data) {
    FrameReader reader(slice.body);
    data.priority = slice.priority;
    data.id = reader.data_id();
    read_flags(reader, data);
    data.tenant = reader.varint_of<std::uint32_t>();
    read_destinations(reader, data.destinations);
    data.topic = reader.text(kTopicBytesMax);
    data.properties = reader.blob(kFrameBytesMax);
    const Bytes extensions = reader.blob(kFrameBytesMax);
    TRY(reader.status());
    data.payload = reader.rest();
    if (message_bytes(data) > kMessageBytesMax) [[unlikely]] {
        return tl::unexpected(detail::beyond_limit("message is too large"));
    }
    return extensions.empty() ? Status() : read_extensions(extensions, data);
}

template <typename Out>
void put_destination(Out& out, const Destination& destination) {
    const bool in_stream = destination.stream_sequence != 0;
    const bool for_groups = !destination.groups.empty();
    detail::put_node_id(out, destination.node);
    out.u8(static_cast<std::uint8_t>(flag(destination.for_all, kForAll) |
                                     flag(in_stream, kInStream) | flag(for_groups, kForGroups)));
    if (in_stream) {
        detail::put_varint(out, destination.stream_sequence);
        detail::put_varint(out, destination.stream_sequence - destination.stream_first);
    }
    if (for_groups) {
        detail::put_varint(out, destination.groups.size());
        for (const std::uint64_t group : destination.groups) {
            out.u64(group);
        }
    }
}

std::uint8_t flags_of(const Data& data) {
    return static_cast<std::uint8_t>(data.qos | flag(data.retain, kRetain) |
                                     flag(data.wants_replica, kWantsReplica) |
                                     (static_cast<unsigned>(data.kind) << kKindShift) |
                                     flag(data.expires_after_ms != 0, kExpires));
}

template <typename Out>
void put_extensions(Out& out, const Data& data) {
    const std::size_t state_bytes = data.state_time == 0 ? 0 : 1 + 1 + kStateExtensionBytes;
    const std::size_t number_bytes = data.number == 0 ? 0 : 1 + 1 + kNumberExtensionBytes;
    detail::put_varint(out, state_bytes + number_bytes);
    if (number_bytes != 0) {
        out.u8(kNumberExtension);
        detail::put_varint(out, kNumberExtensionBytes);
        out.u64(data.number);
    }
    if (state_bytes == 0) [[likely]] {
        return;
    }
    out.u8(kStateExtension);
    detail::put_varint(out, kStateExtensionBytes);
    out.u64(data.state_time);
    out.u64(data.state_replaces);
    out.u32(data.state_forget_h);
}

/// All but the payload.
template <typename Out>
void put_head(Out& out, const Data& data) {
    detail::put_data_id(out, data.id);
    out.u8(flags_of(data));
    out.u8(data.hops_left);
    out.u64(data.flow);
    out.u64(static_cast<std::uint64_t>(data.published_at_ms));
    if (data.expires_after_ms != 0) {
        detail::put_varint(out, data.expires_after_ms);
    }
    detail::put_varint(out, data.tenant);
    detail::put_varint(out, data.destinations.size());
    for (const Destination& destination : data.destinations) {
        put_destination(out, destination);
    }
    detail::put_text(out, data.topic);
    detail::put_blob(out, data.properties);
    put_extensions(out, data);
}

void check_destination(const Destination& destination) {
    CHECK(destination.stream_first <= destination.stream_sequence);
    CHECK(destination.groups.size() <= kDestinationGroupsMax);
    for (std::size_t i = 1; i < destination.groups.size(); ++i) {
        CHECK_TEXT(destination.groups[i - 1] < destination.groups[i], "groups are not in order");
    }
}

/// What a decoder would refuse.
void check(const Data& data) {
    CHECK(data.qos <= kQosMax);
    CHECK(static_cast<std::uint8_t>(data.kind) <= kKindMax);
    CHECK(data.hops_left <= kHopsMax);
    CHECK(data.topic.size() <= kTopicBytesMax);
    CHECK(message_bytes(data) <= kMessageBytesMax);
    CHECK(!data.destinations.empty());
    CHECK(data.destinations.size() <= kDestinationsMax);
    for (std::size_t i = 0; i < data.destinations.size(); ++i) {
        const bool is_behind = i == 0 || data.destinations[i - 1].node < data.destinations[i].node;
        CHECK_TEXT(is_behind, "destinations are not in order");
        check_destination(data.destinations[i]);
    }
}

std::size_t body_head_bytes(const Data& data) {
    return detail::count_bytes([&data](auto& out) { put_head(out, data); });
}

}  // namespace

Result<Data> decode_data(const FrameSlice& slice) {
    Result<Data> result;
    if (const Status status = read_data(slice, *result); !status) [[unlikely]] {
        result = tl::unexpected(status.error());
    }
    return result;
}

std::size_t data_head_bytes(const Data& data) {
    const std::size_t head = body_head_bytes(data);
    return detail::header_bytes(head + data.payload.size()) + head;
}

std::size_t encode_data_head(const Data& data, MutableBytes room) {
    check(data);
    ByteWriter out(room);
    detail::put_header(out, FrameType::Data, data.priority,
                       body_head_bytes(data) + data.payload.size());
    put_head(out, data);
    return out.written();
}

namespace detail {

std::size_t body_bytes(const Data& frame) {
    return body_head_bytes(frame) + frame.payload.size();
}

void put_body(ByteWriter& out, const Data& frame) {
    check(frame);
    put_head(out, frame);
    out.bytes(frame.payload);
}

}  // namespace detail
}  // namespace kith::mesh
