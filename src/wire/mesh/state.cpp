// STATE and how two nodes find out which entries of it they do not have in common.
//
//     STATE                                STATE-DIGEST
//     +-------------------------------+    +-------------------------------+
//     | key, 9 bytes                  |    | which buckets are not 0, a    |
//     | stamp, 16 bytes               |    | bit each, 32 bytes, the first |
//     | replaces, 8 bytes             |    | bucket lowest in the first    |
//     | forget_h, 4 bytes             |    | byte; then these, 8 bytes     |
//     +---+-+-----+-------------------+    | each                          |
//     | 0 |G| qos |         G: gone        +-------------------------------+
//     +---+-+-----+
//     | unless G: tenant varint | name text | published_at_ms, 8 bytes
//     | expires_after_ms varint | properties blob | value blob
//
//     key := hash, 8 bytes | kind         stamp := time, 8 bytes | writer, 8 bytes
//
//     STATE-LIST := first key | last key | list of key and stamp, in order
//     STATE-REQUEST := list of keys, in order
#include "wire/mesh/detail/frame_bodies.h"
#include "wire/mesh/detail/frame_reader.h"
#include "wire/mesh/detail/frame_writer.h"

namespace kith::mesh::detail {
namespace {

constexpr std::uint8_t kQosMask = 0x03;
constexpr std::uint8_t kGone = 0x04;
constexpr std::uint8_t kKnownFlags = 0x07;
constexpr std::uint8_t kQosMax = 2;
constexpr std::size_t kKeyBytes = 8 + 1;
constexpr std::size_t kStampBytes = 8 + 8;
constexpr std::size_t kBitsPerByte = 8;

/// A kind that is not known is of a newer node: Unsupported.
StateKey read_key(FrameReader& reader) {
    const std::uint64_t hash = reader.u64();
    const std::uint8_t kind = reader.u8();
    if (kind == 0 || kind > kStateKindCount) {
        reader.fail({ErrorKind::Unsupported, 0, "kind of state is not known"});
        return {};
    }
    return {.hash = hash, .kind = static_cast<StateKind>(kind)};
}

Stamp read_stamp(FrameReader& reader) {
    const std::uint64_t time = reader.u64();
    const Stamp stamp{.time = time, .writer = reader.node_id()};
    if (time == 0) {
        reader.fail(malformed("stamp of 0"));
    }
    return stamp;
}

/// With name and properties.
std::size_t value_bytes_max(const StateKey& key) {
    return key.kind == StateKind::Retained ? kMessageBytesMax : kStateValueBytesMax;
}

std::size_t content_bytes(const State& state) {
    return state.name.size() + state.properties.size() + state.value.size();
}

template <typename Out>
void put_key(Out& out, const StateKey& key) {
    out.u64(key.hash);
    put_enum(out, key.kind);
}

template <typename Out>
void put_stamp(Out& out, const Stamp& stamp) {
    CHECK(stamp.time != 0);
    out.u64(stamp.time);
    put_node_id(out, stamp.writer);
}

template <typename Out>
void put(Out& out, const State& state) {
    put_key(out, state.key);
    put_stamp(out, state.stamp);
    out.u64(state.replaces);
    out.u32(state.forget_h);
    out.u8(static_cast<std::uint8_t>(state.qos | flag(state.is_gone, kGone)));
    if (state.is_gone) {
        return;
    }
    put_varint(out, state.tenant);
    put_text(out, state.name);
    out.u64(static_cast<std::uint64_t>(state.published_at_ms));
    put_varint(out, state.expires_after_ms);
    put_blob(out, state.properties);
    put_blob(out, state.value);
}

template <typename Out>
void put(Out& out, const StateDigest& digest) {
    std::array<std::uint8_t, kStateBuckets / kBitsPerByte> present{};
    for (std::size_t i = 0; i < kStateBuckets; ++i) {
        const auto bit = static_cast<std::uint8_t>(1U << i % kBitsPerByte);
        present[i / kBitsPerByte] |= flag(digest.buckets[i] != 0, bit);
    }
    out.bytes(present);
    for (const std::uint64_t bucket : digest.buckets) {
        if (bucket != 0) {
            out.u64(bucket);
        }
    }
}

template <typename Out>
void put(Out& out, const StateList& list) {
    put_key(out, list.first);
    put_key(out, list.last);
    put_varint(out, list.entries.size());
    for (const StateVersion& entry : list.entries) {
        put_key(out, entry.key);
        put_stamp(out, entry.stamp);
    }
}

template <typename Out>
void put(Out& out, const StateRequest& request) {
    put_varint(out, request.keys.size());
    for (const StateKey& key : request.keys) {
        put_key(out, key);
    }
}

/// What a decoder would refuse.
void check(const State& state) {
    CHECK(state.qos <= kQosMax);
    CHECK(!state.is_gone || state.qos == 0);
    CHECK(state.name.size() <= kTopicBytesMax);
    CHECK(content_bytes(state) <= value_bytes_max(state.key));
}

void check(const StateList& list) {
    CHECK(list.entries.size() <= kListEntriesMax);
    CHECK(list.first <= list.last);
    const StateKey* previous = nullptr;
    for (const StateVersion& entry : list.entries) {
        CHECK(list.first <= entry.key);
        CHECK(entry.key <= list.last);
        CHECK_TEXT(previous == nullptr || *previous < entry.key, "entries are not in order");
        previous = &entry.key;
    }
}

void check(const StateRequest& request) {
    CHECK(request.keys.size() <= kListEntriesMax);
    for (std::size_t i = 1; i < request.keys.size(); ++i) {
        CHECK_TEXT(request.keys[i - 1] < request.keys[i], "keys are not in order");
    }
}

}  // namespace

Result<State> decode_state(Bytes body) {
    FrameReader reader(body);
    State state;
    state.key = read_key(reader);
    state.stamp = read_stamp(reader);
    state.replaces = reader.u64();
    state.forget_h = reader.u32();
    const std::uint8_t flags = reader.flags(kKnownFlags);
    state.is_gone = (flags & kGone) != 0;
    state.qos = flags & kQosMask;
    if (state.qos > kQosMax || (state.is_gone && state.qos != 0)) {
        reader.fail(malformed("QoS of a state"));
    }
    if (!state.is_gone) {
        state.tenant = reader.varint_of<std::uint32_t>();
        state.name = reader.text(kTopicBytesMax);
        state.published_at_ms = static_cast<std::int64_t>(reader.u64());
        state.expires_after_ms = reader.varint_of<std::uint32_t>();
        state.properties = reader.blob(kMessageBytesMax);
        state.value = reader.blob(kMessageBytesMax);
        if (content_bytes(state) > value_bytes_max(state.key)) {
            reader.fail(beyond_limit("value of a state is too large"));
        }
    }
    TRY(reader.finish());
    return state;
}

Result<StateDigest> decode_state_digest(Bytes body) {
    FrameReader reader(body);
    StateDigest digest;
    const Bytes present = reader.bytes(kStateBuckets / kBitsPerByte);
    for (std::size_t i = 0; i < kStateBuckets && !reader.failed(); ++i) {
        if (((unsigned{present[i / kBitsPerByte]} >> i % kBitsPerByte) & 1U) == 0) {
            continue;
        }
        digest.buckets[i] = reader.u64();
        if (digest.buckets[i] == 0) {
            reader.fail(malformed("bucket of 0 is told"));
        }
    }
    TRY(reader.finish());
    return digest;
}

Result<StateList> decode_state_list(Bytes body) {
    FrameReader reader(body);
    StateList list;
    list.first = read_key(reader);
    list.last = read_key(reader);
    if (list.last < list.first) {
        reader.fail(malformed("list of state ends before it begins"));
    }
    const std::size_t count = reader.count(kListEntriesMax, kKeyBytes + kStampBytes);
    list.entries.reserve(count);
    for (std::size_t i = 0; i < count && !reader.failed(); ++i) {
        const StateKey key = read_key(reader);
        const bool is_behind = list.entries.empty() || list.entries.back().key < key;
        if (!is_behind || key < list.first || list.last < key) {
            reader.fail(malformed("list of state is not in order"));
        }
        list.entries.push_back({.key = key, .stamp = read_stamp(reader)});
    }
    TRY(reader.finish());
    return list;
}

Result<StateRequest> decode_state_request(Bytes body) {
    FrameReader reader(body);
    StateRequest request;
    const std::size_t count = reader.count(kListEntriesMax, kKeyBytes);
    request.keys.reserve(count);
    for (std::size_t i = 0; i < count && !reader.failed(); ++i) {
        const StateKey key = read_key(reader);
        if (!request.keys.empty() && key <= request.keys.back()) {
            reader.fail(malformed("list of keys is not in order"));
        }
        request.keys.push_back(key);
    }
    TRY(reader.finish());
    return request;
}

std::size_t body_bytes(const State& frame) {
    return count_bytes([&frame](auto& out) { put(out, frame); });
}
std::size_t body_bytes(const StateDigest& frame) {
    return count_bytes([&frame](auto& out) { put(out, frame); });
}
std::size_t body_bytes(const StateList& frame) {
    return count_bytes([&frame](auto& out) { put(out, frame); });
}
std::size_t body_bytes(const StateRequest& frame) {
    return count_bytes([&frame](auto& out) { put(out, frame); });
}

void put_body(ByteWriter& out, const State& frame) {
    check(frame);
    put(out, frame);
}
void put_body(ByteWriter& out, const StateDigest& frame) {
    put(out, frame);
}
void put_body(ByteWriter& out, const StateList& frame) {
    check(frame);
    put(out, frame);
}
void put_body(ByteWriter& out, const StateRequest& frame) {
    check(frame);
    put(out, frame);
}

}  // namespace kith::mesh::detail
