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
#include "wire/mesh/detail/varint.h"
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

/// The words of what is in `slice`, or why there is nothing: "malformed: length of ...".
inline std::string decoded_words(const FrameSlice& slice) {
    const Result<Frame> frame = decode(slice);
    return frame ? words(*frame)
                 : std::string(to_string(frame.error().kind)) + ": " + frame.error().text;
}

/// The same of a body of this type.
inline std::string decoded_words(FrameType type, const Buffer& body) {
    return decoded_words(FrameSlice{type, Priority::Control, body, 0});
}

/// What a frame has behind its length, type and priority.
inline Buffer body_of(const Frame& frame) {
    const Buffer bytes = to_bytes(frame);
    const Bytes body = slice_of(bytes).body;
    return {body.begin(), body.end()};
}

/// A body field by field, valid or not.
class BodyBuilder {
  public:
    BodyBuilder& u8(std::uint8_t value) {
        bytes_.push_back(value);
        return *this;
    }
    BodyBuilder& u16(std::uint16_t value) { return u8(byte(value >> 8)).u8(byte(value)); }
    BodyBuilder& u32(std::uint32_t value) {
        return u16(static_cast<std::uint16_t>(value >> 16)).u16(static_cast<std::uint16_t>(value));
    }
    BodyBuilder& u64(std::uint64_t value) {
        return u32(static_cast<std::uint32_t>(value >> 32)).u32(static_cast<std::uint32_t>(value));
    }
    BodyBuilder& varint(std::uint64_t value) {
        detail::put_varint(*this, value);
        return *this;
    }
    BodyBuilder& raw(const Buffer& bytes) {
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        return *this;
    }
    BodyBuilder& fill(std::size_t count, std::uint8_t value = 'x') {
        return raw(Buffer(count, value));
    }
    /// A text or blob: its length, then it.
    BodyBuilder& blob(std::string_view value) {
        return varint(value.size()).raw({value.begin(), value.end()});
    }

    [[nodiscard]] const Buffer& bytes() const { return bytes_; }
    operator const Buffer&() const { return bytes_; }

  private:
    static std::uint8_t byte(unsigned value) { return static_cast<std::uint8_t>(value); }

    Buffer bytes_;
};

}  // namespace kith::mesh::testing
