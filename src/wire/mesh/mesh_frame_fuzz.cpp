// Any bytes as a stream of frames: no crash, and whatever decodes encodes to the bytes that it came
// from, but for extensions, which nobody knows yet and the encoder leaves out. Bodies of records
// likewise.
#include <vector>

#include "base/check.h"
#include "wire/mesh/bodies.h"
#include "wire/mesh/codec.h"
#include "wire/mesh/testing/frame_words.h"

namespace kith::mesh {
namespace {

using Buffer = std::vector<std::uint8_t>;

bool is_equal(Bytes a, Bytes b) {
    return as_text(a) == as_text(b);
}

Buffer encoded(const Frame& frame) {
    Buffer bytes(frame_bytes(frame));
    CHECK(encode(frame, bytes) == bytes.size());
    return bytes;
}

/// Requires: `again` was made of what was read from `body`.
void check_same(Bytes body, Bytes again) {
    CHECK(again.size() <= body.size());
    CHECK(again.size() < body.size() || is_equal(again, body));
}

void check_link_state(Bytes bytes) {
    if (const Result<LinkStateBody> body = decode_link_state(bytes)) {
        const Buffer again = encode(*body);
        check_same(bytes, again);
        CHECK(testing::words(decode_link_state(again).value()) == testing::words(*body));
    }
}

void check_interest(Bytes bytes) {
    if (const Result<InterestBody> body = decode_interest(bytes)) {
        const Buffer again = encode(*body);
        check_same(bytes, again);
        CHECK(testing::words(decode_interest(again).value()) == testing::words(*body));
    }
}

/// What a node does with each record: takes it apart, and looks at what is signed.
void check_record(const Record& record) {
    check_link_state(record.body);
    check_interest(record.body);
    Buffer covered(signed_bytes(record));
    CHECK(encode_signed(record, covered) == covered.size());

    const Buffer whole = encoded(record);
    const Bytes told = Bytes(whole).last(told_bytes(record));
    Buffer joined(kRecordHeadBytesMax);
    joined.resize(encode_record_head(told.size(), record.left_ms, joined));
    joined.insert(joined.end(), told.begin(), told.end());
    CHECK(joined == whole);
}

/// As a relay does: the head is written anew, the payload is sent as it came.
void check_data(const Data& data) {
    Buffer joined(data_head_bytes(data));
    CHECK(encode_data_head(data, joined) == joined.size());
    joined.insert(joined.end(), data.payload.begin(), data.payload.end());
    CHECK(joined == encoded(data));
}

void check_frame(FrameSlice slice) {
    // An allocation of the exact size, so that a read beyond the body is seen.
    const Buffer body(slice.body.begin(), slice.body.end());
    slice.body = body;
    const Result<Frame> frame = decode(slice);
    if (!frame) {
        CHECK(frame.error().kind == ErrorKind::Malformed ||
              frame.error().kind == ErrorKind::Limit ||
              frame.error().kind == ErrorKind::Unsupported);
        return;
    }
    const Buffer bytes = encoded(*frame);
    const FrameSlice again = next_frame(bytes).value().value();
    CHECK(again.frame_bytes == bytes.size());
    CHECK(again.type == slice.type);
    check_same(slice.body, again.body);
    CHECK(testing::words(decode(again).value()) == testing::words(*frame));
    if (const Record* record = std::get_if<Record>(&*frame)) {
        check_record(*record);
    }
    if (const Data* data = std::get_if<Data>(&*frame)) {
        check_data(*data);
    }
}

}  // namespace
}  // namespace kith::mesh

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace kith::mesh;
    kith::Bytes stream(bytes, size);
    check_link_state(stream);
    check_interest(stream);
    while (true) {
        const kith::Result<std::optional<FrameSlice>> slice = next_frame(stream);
        if (!slice || !*slice) {
            return 0;
        }
        CHECK((*slice)->frame_bytes <= stream.size());
        check_frame(**slice);
        stream = stream.subspan((*slice)->frame_bytes);
    }
}
