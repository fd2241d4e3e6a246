// Names and versions of records, as several frames carry them.
//
//     +-------------------------------+
//     | origin, 8 bytes               |
//     +-------+---------------+-------+
//     | kind  | part          |
//     +-------+-------+-------+-------+
//     | epoch                         |   the version: not in a RECORD-REQUEST
//     | counter                       |
//     +-------------------------------+
#pragma once

#include "wire/mesh/detail/frame_reader.h"
#include "wire/mesh/detail/frame_writer.h"
#include "wire/mesh/frames.h"

namespace kith::mesh::detail {

inline constexpr std::size_t kRecordKeyBytes = 8 + 1 + 2;
inline constexpr std::size_t kVersionBytes = 4 + 4;

[[nodiscard]] inline RecordKey read_record_key(FrameReader& reader) {
    RecordKey key;
    key.origin = reader.node_id();
    key.kind = reader.record_kind();
    key.part = reader.part();
    return key;
}

/// Requires: a key that read_record_key() takes.
template <typename Out>
void put_record_key(Out& out, const RecordKey& key) {
    CHECK(key.part < kRecordPartsMax);
    put_node_id(out, key.origin);
    put_enum(out, key.kind);
    out.u16(key.part);
}

/// A list of keys with their versions.
[[nodiscard]] inline RecordVersions read_record_versions(FrameReader& reader) {
    const std::size_t count = reader.count(kListEntriesMax, kRecordKeyBytes + kVersionBytes);
    RecordVersions records;
    records.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const RecordKey key = read_record_key(reader);
        records.push_back({key, reader.version()});
    }
    return records;
}

template <typename Out>
void put_record_versions(Out& out, const RecordVersions& records) {
    CHECK(records.size() <= kListEntriesMax);
    put_varint(out, records.size());
    for (const RecordVersion& record : records) {
        put_record_key(out, record.key);
        put_version(out, record.version);
    }
}

}  // namespace kith::mesh::detail
