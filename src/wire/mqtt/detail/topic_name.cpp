#include "wire/mqtt/detail/topic_name.h"

#include <algorithm>
#include <cstring>

#include "base/utf8.h"

namespace kith::mqtt::detail {
namespace {

constexpr std::uint64_t in_each_byte(std::uint8_t value) {
    return 0x0101'0101'0101'0101U * value;
}

/// Not 0 in the high bits if one of the eight bytes is 0.
constexpr std::uint64_t zero_bytes(std::uint64_t word) {
    return (word - in_each_byte(0x01)) & ~word;
}

/// True if all eight bytes are ASCII and none is NUL, + or #.
constexpr bool is_plain(std::uint64_t word) {
    // + is 0x2B and # is 0x23: they differ in one bit, so one comparison finds both.
    static_assert(('#' | 0x08) == '+');
    const std::uint64_t wildcards_as_zero = (word | in_each_byte(0x08)) ^ in_each_byte('+');
    const std::uint64_t bad = word | zero_bytes(word) | zero_bytes(wildcards_as_zero);
    return (bad & in_each_byte(0x80)) == 0;
}

std::uint64_t load(const std::uint8_t* at) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    return word;
}

/// The usual case, decided without looking at single characters. False means: look closer.
bool is_plain(Bytes topic) {
    const std::uint8_t* at = topic.data();
    const std::size_t size = topic.size();
    if (size < 8) {
        std::uint64_t word = in_each_byte('a');
        if (size > 0) {
            std::memcpy(&word, at, size);
        }
        return is_plain(word);
    }
    for (std::size_t i = 0; i + 8 < size; i += 8) {
        if (!is_plain(load(at + i))) {
            return false;
        }
    }
    return is_plain(load(at + size - 8));  // overlaps the word before, which does no harm
}

}  // namespace

bool has_wildcard(Bytes topic) {
    return std::any_of(topic.begin(), topic.end(),
                       [](std::uint8_t byte) { return byte == '+' || byte == '#'; });
}

bool is_topic_name(Bytes topic) {
    if (is_plain(topic)) [[likely]] {
        return true;
    }
    return is_mqtt_utf8(topic) && !has_wildcard(topic);
}

}  // namespace kith::mqtt::detail
