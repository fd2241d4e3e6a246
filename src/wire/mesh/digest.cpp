// DIGEST and DIGEST-LIST: two nodes find out what one of them lacks.
//
//     DIGEST
//     +-------+
//     | kind  |
//     +-------+-----------------------+
//     | which buckets are not 0, from |   8 bytes, bit 0 is bucket 0
//     | the lowest bit on             |
//     +-------------------------------+
//     | these buckets, 8 bytes each   |
//     +-------------------------------+
//
//     DIGEST-LIST
//     +-------+
//     | kind  |
//     +-------+-----------------------+
//     | bucket_mask, 8 bytes          |
//     +---------------+---------------+
//     | first: origin, 8 bytes        |
//     |        part   |
//     +---------------+---------------+
//     | last: the same                |
//     +-------------------------------+
//     | list of (origin, part, epoch, counter), in order, first <= each <= last
//     +-------------------------------+
#include "wire/mesh/detail/frame_bodies.h"
#include "wire/mesh/detail/record_fields.h"

namespace kith::mesh {
namespace {

static_assert(kDigestBuckets == 64, "the mask has a bit for each bucket");

constexpr std::size_t kPlaceBytes = 8 + 2;

template <typename Out>
void put(Out& out, const Digest& frame) {
    std::uint64_t present = 0;
    for (std::size_t i = 0; i < kDigestBuckets; ++i) {
        present |= std::uint64_t{frame.buckets[i] != 0} << i;
    }
    detail::put_enum(out, frame.kind);
    out.u64(present);
    for (const std::uint64_t bucket : frame.buckets) {
        if (bucket != 0) {
            out.u64(bucket);
        }
    }
}

/// A key whose kind is known from elsewhere. As a bound, it need not be one of a record.
template <typename Out>
void put_place(Out& out, const RecordKey& key) {
    out.u64(key.origin.value());
    out.u16(key.part);
}

RecordKey read_place(detail::FrameReader& reader, RecordKind kind) {
    const NodeId origin(reader.u64());
    return {.origin = origin, .kind = kind, .part = reader.u16()};
}

bool is_record_place(const RecordKey& key) {
    return key.origin != NodeId() && key.part < kRecordPartsMax;
}

/// Whether `key` may stand behind `previous` in a list from `first` to `last`.
bool is_next(const DigestList& frame, const RecordKey& previous, const RecordKey& key) {
    const bool is_behind = frame.records.empty() || previous < key;
    return is_behind && frame.first <= key && key <= frame.last;
}

template <typename Out>
void put(Out& out, const DigestList& frame) {
    detail::put_enum(out, frame.kind);
    out.u64(frame.bucket_mask);
    put_place(out, frame.first);
    put_place(out, frame.last);
    detail::put_varint(out, frame.records.size());
    for (const RecordVersion& record : frame.records) {
        put_place(out, record.key);
        detail::put_version(out, record.version);
    }
}

void check_list(const DigestList& frame) {
    CHECK(frame.records.size() <= kListEntriesMax);
    CHECK_TEXT(frame.first.kind == frame.kind, "bounds are of another kind");
    CHECK_TEXT(frame.last.kind == frame.kind, "bounds are of another kind");
    CHECK(frame.first <= frame.last);
    const RecordKey* previous = nullptr;
    for (const RecordVersion& record : frame.records) {
        CHECK(is_record_place(record.key));
        CHECK_TEXT(record.key.kind == frame.kind, "record is of another kind");
        CHECK_TEXT(frame.first <= record.key, "record is outside of the bounds");
        CHECK_TEXT(record.key <= frame.last, "record is outside of the bounds");
        CHECK_TEXT(previous == nullptr || *previous < record.key, "records are not in order");
        previous = &record.key;
    }
}

}  // namespace

namespace detail {

Result<Digest> decode_digest(Bytes body) {
    FrameReader reader(body);
    Digest frame;
    frame.kind = reader.record_kind();
    const std::uint64_t present = reader.u64();
    for (std::size_t i = 0; i < kDigestBuckets; ++i) {
        if (((present >> i) & 1U) == 0) {
            continue;
        }
        frame.buckets[i] = reader.u64();
        if (frame.buckets[i] == 0) {
            reader.fail(malformed("bucket of 0 is told"));
        }
    }
    TRY(reader.finish());
    return frame;
}

Result<DigestList> decode_digest_list(Bytes body) {
    FrameReader reader(body);
    DigestList frame;
    frame.kind = reader.record_kind();
    frame.bucket_mask = reader.u64();
    frame.first = read_place(reader, frame.kind);
    frame.last = read_place(reader, frame.kind);
    if (frame.last < frame.first) {
        reader.fail(malformed("list of records ends before it begins"));
    }
    const std::size_t count = reader.count(kListEntriesMax, kPlaceBytes + kVersionBytes);
    frame.records.reserve(count);
    RecordKey previous;
    for (std::size_t i = 0; i < count; ++i) {
        const RecordKey key = read_place(reader, frame.kind);
        if (!is_record_place(key)) {
            reader.fail(malformed("place in a list is none of a record"));
        }
        if (!is_next(frame, previous, key)) {
            reader.fail(malformed("list of records is not in order"));
        }
        frame.records.push_back({key, reader.version()});
        previous = key;
    }
    TRY(reader.finish());
    return frame;
}

std::size_t body_bytes(const Digest& frame) {
    return count_bytes([&frame](auto& out) { put(out, frame); });
}
std::size_t body_bytes(const DigestList& frame) {
    return count_bytes([&frame](auto& out) { put(out, frame); });
}

void put_body(ByteWriter& out, const Digest& frame) {
    put(out, frame);
}
void put_body(ByteWriter& out, const DigestList& frame) {
    check_list(frame);
    put(out, frame);
}

}  // namespace detail
}  // namespace kith::mesh
