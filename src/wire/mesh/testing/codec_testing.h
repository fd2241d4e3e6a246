// What the codec's tests share: frames to bytes and back, and bytes written as text.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <initializer_list>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "wire/mesh/bodies.h"
#include "wire/mesh/codec.h"
#include "wire/mesh/testing/frame_words.h"

namespace kith::mesh::testing {

using Buffer = std::vector<std::uint8_t>;

/// Encodes, and checks that exactly the announced bytes were written.
inline Buffer to_bytes(const Frame& frame) {
    Buffer buffer(frame_bytes(frame));
    EXPECT_EQ(encode(frame, buffer), buffer.size());
    return buffer;
}

/// The only frame in `bytes`.
inline FrameSlice slice_of(Bytes bytes) {
    const Result<std::optional<FrameSlice>> slice = next_frame(bytes);
    if (!slice || !*slice) {
        ADD_FAILURE() << "no frame in " << to_hex(bytes);
        return {FrameType::Goodbye, Priority::Control, {}, 0};
    }
    EXPECT_EQ((*slice)->frame_bytes, bytes.size());
    return **slice;
}

/// The words of what is in `slice`, or why there is nothing.
inline std::string decoded_words(const FrameSlice& slice) {
    const Result<Frame> frame = decode(slice);
    return frame ? words(*frame)
                 : std::string(to_string(frame.error().kind)) + ": " + frame.error().text;
}

}  // namespace kith::mesh::testing
