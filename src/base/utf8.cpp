#include "base/utf8.h"

#include <cstring>

namespace kith {
namespace {

constexpr std::uint64_t kHighBits = 0x8080808080808080U;
constexpr std::uint64_t kLowBits = 0x0101010101010101U;

bool is_continuation(std::uint8_t byte) {
    return (byte & 0xC0U) == 0x80U;
}

/// Length of the well-formed multi-byte sequence at the start of `bytes`, or 0.
/// The ranges are table 3-7 of the Unicode standard.
std::size_t multi_byte_length(Bytes bytes) {
    const std::uint8_t first = bytes[0];
    if (first < 0xC2 || first > 0xF4) {
        return 0;
    }
    const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (bytes.size() < length) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if (!is_continuation(bytes[i])) {
            return 0;
        }
    }
    const std::uint8_t second = bytes[1];
    const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
    const bool surrogate = first == 0xED && second > 0x9F;
    const bool too_large = first == 0xF4 && second > 0x8F;
    return overlong || surrogate || too_large ? 0 : length;
}

template <bool kAllowNul>
bool check(Bytes bytes) {
    std::size_t at = 0;
    while (at < bytes.size()) {
        // Eight ASCII bytes at a time; the subtraction finds a zero byte among them.
        if (bytes.size() - at >= 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, bytes.data() + at, 8);
            const bool ascii = (word & kHighBits) == 0;
            const bool has_nul = ((word - kLowBits) & ~word & kHighBits) != 0;
            if (ascii && (kAllowNul || !has_nul)) {
                at += 8;
                continue;
            }
        }
        const std::uint8_t byte = bytes[at];
        if (byte < 0x80) {
            if (!kAllowNul && byte == 0) {
                return false;
            }
            ++at;
            continue;
        }
        const std::size_t length = multi_byte_length(bytes.subspan(at));
        if (length == 0) {
            return false;
        }
        at += length;
    }
    return true;
}

}  // namespace

bool is_utf8(Bytes bytes) {
    return check<true>(bytes);
}

bool is_mqtt_utf8(Bytes bytes) {
    return check<false>(bytes);
}

}  // namespace kith
