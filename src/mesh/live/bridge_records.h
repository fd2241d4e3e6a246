// What the bridge has the broker store, as bytes: docs/formats/mesh.md, "On disk".
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "mesh/ports.h"

namespace kith::mesh {

/// The note on a message in custody: all of it but topic, properties and payload.
[[nodiscard]] std::vector<std::uint8_t> encode_note(const Data& data);
/// Views nothing. Errors: Malformed.
[[nodiscard]] Result<Data> decode_note(Bytes note);

// Marks: their keys begin with "ms" for a stream, "mr" for a record, "mt" for a stamp.

/// An entry of the common state; of a retained message without what the broker keeps.
struct KeptState {
    State state;
    std::uint8_t told = 0;  // see StatePort::keep_state()
};
[[nodiscard]] bool is_state_key(Bytes key);
[[nodiscard]] std::vector<std::uint8_t> encode_state_key(const StateKey& key);
[[nodiscard]] std::vector<std::uint8_t> encode_state(const State& state, std::uint8_t told);
/// Borrowed. Errors: Malformed.
[[nodiscard]] Result<KeptState> decode_state(Bytes value);

/// What another node told, until when.
struct KeptRecord {
    WallTime expires_at;
    Bytes told;
};
[[nodiscard]] bool is_record_key(Bytes key);
[[nodiscard]] std::vector<std::uint8_t> encode_record_key(const RecordKey& key);
[[nodiscard]] std::vector<std::uint8_t> encode_record(WallTime expires_at, Bytes told);
/// Borrowed. Errors: Malformed.
[[nodiscard]] Result<KeptRecord> decode_record(Bytes value);

/// The mark of a stream: whose it is, and how far it has come.
[[nodiscard]] std::vector<std::uint8_t> encode_stream_key(const StreamPosition& stream);
[[nodiscard]] std::vector<std::uint8_t> encode_progress(const StreamProgress& progress);
/// Errors: Malformed.
[[nodiscard]] Result<StreamPosition> decode_stream_key(Bytes key);
[[nodiscard]] Result<StreamProgress> decode_progress(Bytes value);

}  // namespace kith::mesh
