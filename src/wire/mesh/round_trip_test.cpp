// Properties that hold for every frame: what is encoded decodes to the same; what is cut off never
// decodes; what is bent never crashes.
#include "wire/mesh/testing/codec_testing.h"
#include "wire/mesh/testing/random_frames.h"

namespace kith::mesh {
namespace {

using namespace testing;

constexpr int kFramesPerSeed = 1'500;

Buffer prefix_of(Bytes bytes, std::size_t size) {
    // A copy of the exact size, so that the sanitizer sees a read beyond it.
    return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
}

TEST(RoundTrip, WhatIsEncodedDecodesToTheSame) {
    RandomFrames random(1);
    for (int i = 0; i < kFramesPerSeed; ++i) {
        const Frame frame = random.any();
        const Buffer bytes = to_bytes(frame);
        const FrameSlice slice = slice_of(bytes);
        EXPECT_EQ(static_cast<std::size_t>(slice.type), frame.index() + 1);
        const Result<Frame> decoded = decode(slice);
        ASSERT_TRUE(decoded) << decoded.error().text << " in " << to_hex(bytes);
        ASSERT_EQ(words(*decoded), words(frame));
        EXPECT_EQ(to_bytes(*decoded), bytes);
    }
}

TEST(RoundTrip, WhatIsForNodesThemselvesGoesAsControl) {
    RandomFrames random(2);
    for (int i = 0; i < 200; ++i) {
        const Frame frame = random.any();
        const Buffer bytes = to_bytes(frame);
        const Data* data = std::get_if<Data>(&frame);
        const State* state = std::get_if<State>(&frame);
        const Circuit* circuit = std::get_if<Circuit>(&frame);
        const Priority expected = data      ? data->priority
                                  : state   ? priority_of(state->key.kind)
                                  : circuit ? priority_of(circuit->kind)
                                            : Priority::Control;
        EXPECT_EQ(slice_of(bytes).priority, expected);
    }
}

TEST(RoundTrip, AHeadAndThePayloadBehindItAreTheFrame) {
    RandomFrames random(3);
    for (int i = 0; i < 500; ++i) {
        const Data data = random.message();
        Buffer joined(data_head_bytes(data));
        EXPECT_EQ(encode_data_head(data, joined), joined.size());
        joined.insert(joined.end(), data.payload.begin(), data.payload.end());
        EXPECT_EQ(joined, to_bytes(data));
    }
}

TEST(RoundTrip, AHeadAndWhatWasToldAreTheRecord) {
    RandomFrames random(12);
    for (int i = 0; i < 500; ++i) {
        Record record = random.record();
        const Buffer whole = to_bytes(record);
        const Bytes told = Bytes(whole).last(told_bytes(record));
        record.left_ms += 1'000;
        Buffer joined(kRecordHeadBytesMax);
        joined.resize(encode_record_head(told.size(), record.left_ms, joined));
        joined.insert(joined.end(), told.begin(), told.end());
        EXPECT_EQ(joined, to_bytes(record));
    }
}

TEST(RoundTrip, ASignatureCoversWhatIsToldButItself) {
    RandomFrames random(13);
    for (int i = 0; i < 500; ++i) {
        const Record record = random.record();
        const Buffer whole = to_bytes(record);
        const Bytes told = Bytes(whole).last(told_bytes(record));
        Buffer covered(signed_bytes(record));
        EXPECT_EQ(encode_signed(record, covered), covered.size());
        const Bytes content = told.first(told.size() - kSignatureBytes);
        EXPECT_EQ(as_text(covered), "kith-mesh-record-1" + std::string(as_text(content)));
    }
}

TEST(RoundTrip, AHelloIsWrittenTheSameWithoutTheDetour) {
    RandomFrames random(4);
    for (int i = 0; i < 500; ++i) {
        const Hello hello = random.hello();
        Buffer direct(frame_bytes(hello));
        EXPECT_EQ(encode(hello, direct), direct.size());
        EXPECT_EQ(direct, to_bytes(Frame(hello)));
        EXPECT_LE(direct.size(), kHelloFrameBytesMax);
        EXPECT_EQ(words(decode_hello(slice_of(direct).body).value()), words(hello));
    }
}

TEST(RoundTrip, CutsAnywhereDoNotMatter) {
    RandomFrames random(5);
    std::vector<std::string> sent;
    Buffer stream;
    for (int i = 0; i < 300; ++i) {
        const Frame frame = random.any();
        const Buffer bytes = to_bytes(frame);
        sent.push_back(words(frame));
        stream.insert(stream.end(), bytes.begin(), bytes.end());
    }
    std::vector<std::string> received;
    Buffer held;
    std::size_t at = 0;
    while (at < stream.size()) {
        const std::size_t size =
            std::min<std::size_t>(1 + random.random().below(700), stream.size() - at);
        const auto begin = stream.begin() + static_cast<std::ptrdiff_t>(at);
        held.insert(held.end(), begin, begin + static_cast<std::ptrdiff_t>(size));
        at += size;
        while (const auto slice = next_frame(held).value()) {
            received.push_back(decoded_words(*slice));
            held.erase(held.begin(),
                       held.begin() + static_cast<std::ptrdiff_t>(slice->frame_bytes));
        }
    }
    EXPECT_TRUE(held.empty());
    EXPECT_EQ(received, sent);
}

TEST(RoundTrip, ATruncatedFrameWantsMoreBytes) {
    RandomFrames random(6);
    for (int i = 0; i < 100; ++i) {
        const Buffer bytes = to_bytes(random.any());
        const std::size_t step = bytes.size() < 500 ? 1 : 97;
        for (std::size_t size = 0; size < bytes.size(); size += step) {
            const Result<std::optional<FrameSlice>> slice = next_frame(prefix_of(bytes, size));
            ASSERT_TRUE(slice.has_value());
            EXPECT_FALSE(slice->has_value());
        }
    }
}

/// Where the fields of a frame end: in front of the payload, if there is one.
std::size_t field_bytes(const FrameSlice& slice, const Frame& frame) {
    const Data* data = std::get_if<Data>(&frame);
    return slice.body.size() - (data == nullptr ? 0 : data->payload.size());
}

TEST(RoundTrip, ABodyThatEndsEarlyIsMalformed) {
    RandomFrames random(7);
    for (int i = 0; i < 300; ++i) {
        const Frame frame = random.any();
        const Buffer bytes = to_bytes(frame);
        FrameSlice slice = slice_of(bytes);
        const std::size_t fields = field_bytes(slice, frame);
        const std::size_t step = fields < 500 ? 1 : 97;
        for (std::size_t size = 0; size < fields; size += step) {
            const Buffer body = prefix_of(slice_of(bytes).body, size);
            slice.body = body;
            const Result<Frame> decoded = decode(slice);
            ASSERT_FALSE(decoded) << size << " of " << to_hex(bytes);
            EXPECT_EQ(decoded.error().kind, ErrorKind::Malformed) << decoded.error().text;
        }
    }
}

/// Decodes a body of any content; if it passes, it must survive the way back. A frame has one
/// encoding: only extensions, which nobody knows yet, are lost.
void decode_anything(const FrameSlice& slice) {
    const Result<Frame> frame = decode(slice);
    if (!frame) {
        EXPECT_STRNE(frame.error().text, "");
        return;
    }
    const Buffer again = to_bytes(*frame);
    const FrameSlice back = slice_of(again);
    EXPECT_LE(back.body.size(), slice.body.size());
    if (back.body.size() == slice.body.size()) {
        EXPECT_EQ(to_hex(back.body), to_hex(slice.body));
    }
    EXPECT_EQ(decoded_words(back), words(*frame));
}

TEST(RoundTrip, BentBytesAreRefusedOrMeanWhatTheySay) {
    RandomFrames random(8);
    for (int i = 0; i < kFramesPerSeed; ++i) {
        const Buffer bytes = to_bytes(random.any());
        FrameSlice slice = slice_of(bytes);
        Buffer body(slice.body.begin(), slice.body.end());
        for (std::uint64_t bends = 1 + random.random().below(3); bends > 0; --bends) {
            const std::size_t at = random.random().below(std::min<std::size_t>(body.size(), 60));
            body[at] = static_cast<std::uint8_t>(random.random().next());
        }
        slice.body = body;
        decode_anything(slice);
    }
}

TEST(RoundTrip, ABodyOfOneTypeReadAsAnotherDoesNoHarm) {
    RandomFrames random(9);
    for (int i = 0; i < kFramesPerSeed; ++i) {
        const Buffer bytes = to_bytes(random.any());
        FrameSlice slice = slice_of(bytes);
        slice.type = static_cast<FrameType>(1 + random.random().below(12));
        decode_anything(slice);
    }
}

TEST(RoundTrip, LinkStatesDecodeToTheSame) {
    RandomFrames random(10);
    for (int i = 0; i < 500; ++i) {
        const LinkStateBody body = random.link_state();
        const Buffer bytes = encode(body);
        const Result<LinkStateBody> decoded = decode_link_state(bytes);
        ASSERT_TRUE(decoded) << decoded.error().text;
        EXPECT_EQ(words(*decoded), words(body));
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            const Buffer prefix = prefix_of(bytes, size);
            EXPECT_EQ(decode_link_state(prefix).error().kind, ErrorKind::Malformed);
        }
    }
}

TEST(RoundTrip, InterestsDecodeToTheSame) {
    RandomFrames random(11);
    for (int i = 0; i < 500; ++i) {
        const InterestBody body = random.interest();
        const Buffer bytes = encode(body);
        const Result<InterestBody> decoded = decode_interest(bytes);
        ASSERT_TRUE(decoded) << decoded.error().text;
        EXPECT_EQ(words(*decoded), words(body));
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            const Buffer prefix = prefix_of(bytes, size);
            EXPECT_EQ(decode_interest(prefix).error().kind, ErrorKind::Malformed);
        }
    }
}

}  // namespace
}  // namespace kith::mesh
