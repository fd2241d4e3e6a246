// Variable byte integers: 7 bits a byte, low first, the high bit says that more follow
// (MQTT 5.0, section 1.5.5). They hold 0 to 268,435,455 in 1 to 4 bytes.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"

namespace kith::mqtt {

inline constexpr std::uint32_t kVariableByteIntegerMax = 268'435'455;

/// What the start of a range holds.
struct VariableByteInteger {
    enum class State : std::uint8_t { Complete, Incomplete, Malformed };
    State state = State::Incomplete;
    std::uint8_t size_bytes = 0;  // if Complete
    std::uint32_t value = 0;      // if Complete
};

/// "The encoded value MUST use the minimum number of bytes necessary" [MQTT-1.5.5-1]: a longer form
/// is Malformed, as is a fourth byte that asks for a fifth.
[[nodiscard]] inline VariableByteInteger scan_variable_byte_integer(Bytes bytes) {
    using State = VariableByteInteger::State;
    std::uint32_t value = 0;
    for (std::uint8_t i = 0; i < 4; ++i) {
        if (i == bytes.size()) {
            return {.state = State::Incomplete};
        }
        const std::uint8_t digit = bytes[i];
        value |= static_cast<std::uint32_t>(digit & 0x7F) << (7 * i);
        if (digit < 0x80) {
            if (digit == 0 && i > 0) [[unlikely]] {
                return {.state = State::Malformed};
            }
            return {State::Complete, static_cast<std::uint8_t>(i + 1), value};
        }
    }
    return {.state = State::Malformed};
}

[[nodiscard]] constexpr std::size_t variable_byte_integer_bytes(std::uint32_t value) {
    return value < 128 ? 1U : value < 16'384 ? 2U : value < 2'097'152 ? 3U : 4U;
}

/// `Out` is a ByteWriter or whatever else has its u8(). Requires: value <= kVariableByteIntegerMax.
template <typename Out>
void put_variable_byte_integer(Out& out, std::uint32_t value) {
    CHECK(value <= kVariableByteIntegerMax);
    while (value >= 0x80) {
        out.u8(static_cast<std::uint8_t>(value | 0x80));
        value >>= 7;
    }
    out.u8(static_cast<std::uint8_t>(value));
}

}  // namespace kith::mqtt
