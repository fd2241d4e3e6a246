#include "mesh/live/bridge_records.h"

#include <optional>
#include <span>
#include <string_view>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "mesh/detail/frame_writer.h"
#include "wire/mesh/codec.h"

namespace kith::mesh {
namespace {

constexpr std::size_t kPrefixBytes = 2;
constexpr std::string_view kStreamPrefix = "ms";
constexpr std::string_view kRecordPrefix = "mr";
constexpr std::string_view kStatePrefix = "mt";
constexpr std::size_t kStateKeyBytes = kPrefixBytes + 8 + 1;
constexpr std::size_t kStreamKeyBytes = kPrefixBytes + 8 + 4 + 1;
constexpr std::size_t kRecordKeyBytes = kPrefixBytes + 8 + 1 + 2;
constexpr std::size_t kRangeBytes = 8 + 8;

}  // namespace

/// DATA frames without a content, as many as its destinations need.
std::vector<std::uint8_t> encode_note(const Data& data) {
    std::vector<std::uint8_t> note;
    Data part = data;
    part.topic = {};
    part.properties = {};
    part.payload = {};
    std::span<const Destination> left = data.destinations;
    while (!left.empty()) {
        const auto here = left.first(fitting_count(left));
        part.destinations.assign(here.begin(), here.end());
        const std::size_t at = note.size();
        note.resize(at + data_head_bytes(part));
        encode_data_head(part, MutableBytes(note).subspan(at));
        left = left.subspan(here.size());
    }
    return note;
}

Result<Data> decode_note(Bytes note) {
    Result<Data> whole = fail(ErrorKind::Malformed, "note without a frame");
    while (!note.empty()) {
        TRY_ASSIGN(const std::optional<FrameSlice> frame, next_frame(note));
        if (!frame || frame->type != FrameType::Data) {
            return fail(ErrorKind::Malformed, "note that is cut off");
        }
        TRY_ASSIGN(Data part, decode_data(*frame));
        if (whole) {
            whole->destinations.insert(whole->destinations.end(), part.destinations.begin(),
                                       part.destinations.end());
        } else {
            whole = std::move(part);
        }
        note = note.subspan(frame->frame_bytes);
    }
    return whole;
}

bool is_record_key(Bytes key) {
    return key.size() == kRecordKeyBytes && as_text(key).starts_with(kRecordPrefix);
}

/// In order of origin and kind: an Identity is read before what else its origin told.
std::vector<std::uint8_t> encode_record_key(const RecordKey& record) {
    std::vector<std::uint8_t> key(kRecordKeyBytes);
    ByteWriter out(key);
    out.bytes(as_bytes(kRecordPrefix));
    out.u64(record.origin.value());
    out.u8(static_cast<std::uint8_t>(record.kind));
    out.u16(record.part);
    return key;
}

std::vector<std::uint8_t> encode_record(WallTime expires_at, Bytes told) {
    std::vector<std::uint8_t> value(8 + told.size());
    ByteWriter out(value);
    out.u64(static_cast<std::uint64_t>(expires_at.ms()));
    out.bytes(told);
    return value;
}

Result<KeptRecord> decode_record(Bytes value) {
    ByteReader in(value);
    const auto expires_at_ms = static_cast<std::int64_t>(in.u64());
    if (in.failed()) {
        return fail(ErrorKind::Malformed, "record that was kept");
    }
    return KeptRecord{.expires_at = WallTime::from_ms(expires_at_ms), .told = in.rest()};
}

bool is_state_key(Bytes key) {
    return key.size() == kStateKeyBytes && as_text(key).starts_with(kStatePrefix);
}

std::vector<std::uint8_t> encode_state_key(const StateKey& state) {
    std::vector<std::uint8_t> key(kStateKeyBytes);
    ByteWriter out(key);
    out.bytes(as_bytes(kStatePrefix));
    out.u64(state.hash);
    out.u8(static_cast<std::uint8_t>(state.kind));
    return key;
}

/// As the frame that tells of it.
std::vector<std::uint8_t> encode_state(const State& state, std::uint8_t told) {
    std::vector<std::uint8_t> value(1 + frame_bytes(state));
    value.front() = told;
    encode(state, MutableBytes(value).subspan(1));
    return value;
}

Result<KeptState> decode_state(Bytes value) {
    if (value.empty()) {
        return fail(ErrorKind::Malformed, "stamp without a byte");
    }
    TRY_ASSIGN(const std::optional<FrameSlice> slice, next_frame(value.subspan(1)));
    if (!slice) {
        return fail(ErrorKind::Malformed, "stamp that is cut off");
    }
    TRY_ASSIGN(const Frame frame, decode(*slice));
    const State* state = std::get_if<State>(&frame);
    if (state == nullptr) {
        return fail(ErrorKind::Malformed, "not a stamp");
    }
    return KeptState{.state = *state, .told = value.front()};
}

std::vector<std::uint8_t> encode_stream_key(const StreamPosition& stream) {
    std::vector<std::uint8_t> key(kStreamKeyBytes);
    ByteWriter out(key);
    out.bytes(as_bytes(kStreamPrefix));
    out.u64(stream.origin.value());
    out.u32(stream.epoch);
    out.u8(static_cast<std::uint8_t>(stream.priority));
    return key;
}

Result<StreamPosition> decode_stream_key(Bytes key) {
    ByteReader in(key);
    StreamPosition stream;
    const bool is_stream = as_text(in.bytes(kPrefixBytes)) == kStreamPrefix;
    stream.origin = NodeId(in.u64());
    stream.epoch = in.u32();
    const std::uint8_t priority = in.u8();
    if (!is_stream || in.failed() || !in.at_end() || priority >= kPriorityCount) {
        return fail(ErrorKind::Malformed, "key of a stream");
    }
    stream.priority = static_cast<Priority>(priority);
    return stream;
}

std::vector<std::uint8_t> encode_progress(const StreamProgress& progress) {
    std::vector<std::uint8_t> value(8 + progress.given_up.size() * kRangeBytes);
    ByteWriter out(value);
    out.u64(progress.delivered);
    for (const PlaceRange& range : progress.given_up) {
        out.u64(range.first);
        out.u64(range.last);
    }
    return value;
}

Result<StreamProgress> decode_progress(Bytes value) {
    ByteReader in(value);
    StreamProgress progress;
    progress.delivered = in.u64();
    while (!in.failed() && !in.at_end()) {
        const std::uint64_t first = in.u64();
        progress.given_up.push_back({first, in.u64()});
    }
    if (in.failed()) {
        return fail(ErrorKind::Malformed, "progress of a stream");
    }
    return progress;
}

}  // namespace kith::mesh
