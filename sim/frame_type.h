// The type of the frame that some bytes begin with, without decoding it.
#pragma once

#include "base/bytes.h"
#include "wire/mesh/types.h"

namespace kith::sim {

/// Whatever stands behind the length, which is at most 9 bytes; no type that exists if nothing
/// does.
[[nodiscard]] inline mesh::FrameType frame_type_of(Bytes frame) {
    constexpr std::size_t kVarintBytesMax = 9;
    for (std::size_t i = 0; i + 1 < frame.size() && i < kVarintBytesMax; ++i) {
        if ((frame[i] & 0x80U) == 0) {
            return static_cast<mesh::FrameType>(frame[i + 1] >> 3U);
        }
    }
    return mesh::FrameType{};
}

}  // namespace kith::sim
