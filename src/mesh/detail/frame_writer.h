// Frames as bytes, in one buffer that is used again and again.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "wire/mesh/codec.h"

namespace kith::mesh {

/// A payload up to this is copied into the frame's own bytes.
inline constexpr std::size_t kInlinePayloadBytesMax = 4096;

class FrameWriter {
  public:
    /// The bytes are valid until the next call.
    [[nodiscard]] Bytes write(const Frame& frame) {
        const MutableBytes room = make_room(frame_bytes(frame));
        return Bytes(room).first(encode(frame, room));
    }
    /// With `payload` behind it: the message's own, or nothing if that is sent apart.
    [[nodiscard]] Bytes write_data(const Data& data, Bytes payload) {
        const std::size_t head_bytes = data_head_bytes(data);
        const MutableBytes room = make_room(head_bytes + payload.size());
        encode_data_head(data, room.first(head_bytes));
        std::copy(payload.begin(), payload.end(),
                  room.begin() + static_cast<std::ptrdiff_t>(head_bytes));
        return room;
    }

  private:
    MutableBytes make_room(std::size_t bytes) {
        if (buffer_.size() < bytes) {
            buffer_.resize(bytes);
        }
        return MutableBytes(buffer_).first(bytes);
    }

    std::vector<std::uint8_t> buffer_;
};

}  // namespace kith::mesh
