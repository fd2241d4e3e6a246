// Frames as bytes, in one buffer that is used again and again.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "wire/mesh/codec.h"

namespace kith::mesh {

/// A payload up to this is copied into the frame's own bytes.
inline constexpr std::size_t kInlinePayloadBytesMax = 4096;

/// Destinations of one DATA: what a frame has beside the largest message, but for the fixed fields.
inline constexpr std::size_t kDestinationBytesMax = kFrameBytesMax - kMessageBytesMax - 1024;
/// Entries of one CUSTODY-ACK: as long as a usual batch.
inline constexpr std::size_t kCustodyBytesMax = 16U << 10U;

/// How many of the first go into one DATA; one at least, if there is one.
[[nodiscard]] std::size_t fitting_count(std::span<const Destination> destinations);
/// How many of the first go into one CUSTODY-ACK; one at least, if there is one.
[[nodiscard]] std::size_t fitting_count(std::span<const CustodyEntry> entries);

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
