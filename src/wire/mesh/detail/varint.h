// Integers of variable length: LEB128, 7 bits a byte, low first; the high bit says that more
// follow.
//
//      7 6 5 4 3 2 1 0
//     +-+-------------+
//     |1| bits 0 to 6 |
//     +-+-------------+
//     |0| bits 7 to 13|   at most 9 bytes, so 0 to 2^63 - 1
//     +-+-------------+
//
// Only the shortest form is valid, so that a value has one encoding.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"

namespace kith::mesh::detail {

inline constexpr std::uint64_t kVarintMax = (std::uint64_t{1} << 63U) - 1;
inline constexpr std::size_t kVarintBytesMax = 9;

/// What the start of a range holds.
struct Varint {
    enum class State : std::uint8_t { Complete, Incomplete, Malformed };
    State state = State::Incomplete;
    std::uint8_t size_bytes = 0;  // if Complete
    std::uint64_t value = 0;      // if Complete
};

/// Malformed: not the shortest form, or a ninth byte that asks for a tenth.
[[nodiscard]] inline Varint scan_varint(Bytes bytes) {
    using State = Varint::State;
    std::uint64_t value = 0;
    for (std::uint8_t i = 0; i < kVarintBytesMax; ++i) {
        if (i == bytes.size()) [[unlikely]] {
            return {.state = State::Incomplete};
        }
        const std::uint8_t digit = bytes[i];
        value |= std::uint64_t{digit & 0x7FU} << (7U * i);
        if (digit < 0x80) {
            if (digit == 0 && i > 0) [[unlikely]] {
                return {.state = State::Malformed};
            }
            return {State::Complete, static_cast<std::uint8_t>(i + 1), value};
        }
    }
    return {.state = State::Malformed};
}

[[nodiscard]] constexpr std::size_t varint_bytes(std::uint64_t value) {
    std::size_t bytes = 1;
    while (value >= 0x80) {
        value >>= 7U;
        ++bytes;
    }
    return bytes;
}

/// `Out` is a ByteWriter or whatever else has its u8(). Requires: value <= kVarintMax.
template <typename Out>
void put_varint(Out& out, std::uint64_t value) {
    CHECK(value <= kVarintMax);
    while (value >= 0x80) {
        out.u8(static_cast<std::uint8_t>(value | 0x80U));
        value >>= 7U;
    }
    out.u8(static_cast<std::uint8_t>(value));
}

}  // namespace kith::mesh::detail
