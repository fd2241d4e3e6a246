// RECORD, and what neighbours say about records: RECORD-ACK and RECORD-REQUEST.
//
//     RECORD
//     +-------------------------------+
//     | left_ms                       |   what follows is `told`, the same wherever it goes
//     +-------------------------------+
//     | origin, 8 bytes               |   signed from here
//     +-------+---------------+-------+
//     | kind  | part          |
//     +-------+-------+-------+-------+
//     | epoch                         |
//     | counter                       |
//     | lifetime_s                    |
//     +-------------------------------+
//     | body blob ...                 |   to here
//     +-------------------------------+
//     | signature, 64 bytes           |
//     +-------------------------------+
//
//     RECORD-ACK      list of (origin, kind, part, epoch, counter)
//     RECORD-REQUEST  list of (origin, kind, part)
#include "wire/mesh/detail/frame_bodies.h"
#include "wire/mesh/detail/record_fields.h"

namespace kith::mesh {
namespace {

/// Nothing else that a key of a node signs begins so.
constexpr std::string_view kSignaturePrefix = "kith-mesh-record-1";

constexpr std::size_t kLeftBytes = 4;
static_assert(kRecordHeadBytesMax >= detail::kVarintBytesMax + 1 + kLeftBytes);

template <typename Out>
void put_unsigned(Out& out, const Record& record) {
    CHECK(record.body.size() <= kRecordBodyBytesMax);
    detail::put_record_key(out, record.key);
    detail::put_version(out, record.version);
    out.u32(record.lifetime_s);
    detail::put_blob(out, record.body);
}

template <typename Out>
void put_signed(Out& out, const Record& record) {
    out.bytes(as_bytes(kSignaturePrefix));
    put_unsigned(out, record);
}

template <typename Out>
void put_told(Out& out, const Record& record) {
    CHECK(record.signature.size() == kSignatureBytes);
    put_unsigned(out, record);
    out.bytes(record.signature);
}

template <typename Out>
void put(Out& out, const Record& record) {
    out.u32(record.left_ms);
    put_told(out, record);
}

template <typename Out>
void put(Out& out, const RecordAck& frame) {
    detail::put_record_versions(out, frame.records);
}

template <typename Out>
void put(Out& out, const RecordRequest& frame) {
    CHECK(frame.records.size() <= kListEntriesMax);
    detail::put_varint(out, frame.records.size());
    for (const RecordVersion& record : frame.records) {
        detail::put_record_key(out, record.key);
    }
}

}  // namespace

std::size_t encode_record_head(std::size_t told_bytes, std::uint32_t left_ms, MutableBytes room) {
    ByteWriter out(room);
    detail::put_header(out, FrameType::Record, Priority::Control, kLeftBytes + told_bytes);
    out.u32(left_ms);
    return out.written();
}

std::size_t told_bytes(const Record& record) {
    return detail::count_bytes([&record](auto& out) { put_told(out, record); });
}

std::size_t signed_bytes(const Record& record) {
    return detail::count_bytes([&record](auto& out) { put_signed(out, record); });
}

std::size_t encode_signed(const Record& record, MutableBytes room) {
    ByteWriter out(room);
    put_signed(out, record);
    return out.written();
}

namespace detail {

Result<Record> decode_record(Bytes body) {
    FrameReader reader(body);
    Record record;
    record.left_ms = reader.u32();
    record.key = read_record_key(reader);
    record.version = reader.version();
    record.lifetime_s = reader.u32();
    record.body = reader.blob(kRecordBodyBytesMax);
    record.signature = reader.bytes(kSignatureBytes);
    TRY(reader.finish());
    return record;
}

Result<RecordAck> decode_record_ack(Bytes body) {
    FrameReader reader(body);
    RecordAck frame{.records = read_record_versions(reader)};
    TRY(reader.finish());
    return frame;
}

Result<RecordRequest> decode_record_request(Bytes body) {
    FrameReader reader(body);
    RecordRequest frame;
    const std::size_t count = reader.count(kListEntriesMax, kRecordKeyBytes);
    frame.records.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        frame.records.push_back({.key = read_record_key(reader), .version = {}});
    }
    TRY(reader.finish());
    return frame;
}

std::size_t body_bytes(const Record& frame) {
    return count_bytes([&frame](auto& out) { put(out, frame); });
}
std::size_t body_bytes(const RecordAck& frame) {
    return count_bytes([&frame](auto& out) { put(out, frame); });
}
std::size_t body_bytes(const RecordRequest& frame) {
    return count_bytes([&frame](auto& out) { put(out, frame); });
}

void put_body(ByteWriter& out, const Record& frame) {
    put(out, frame);
}
void put_body(ByteWriter& out, const RecordAck& frame) {
    put(out, frame);
}
void put_body(ByteWriter& out, const RecordRequest& frame) {
    put(out, frame);
}

}  // namespace detail
}  // namespace kith::mesh
