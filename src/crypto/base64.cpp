#include "crypto/base64.h"

#include <array>

namespace kith::crypto {
namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNoDigit = 0xFF;

constexpr std::array<std::uint8_t, 256> values_of(std::string_view alphabet) {
    std::array<std::uint8_t, 256> values{};
    values.fill(kNoDigit);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        values[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return values;
}

constexpr std::array<std::uint8_t, 256> kStandardValues = values_of(kStandard);
constexpr std::array<std::uint8_t, 256> kUrlValues = values_of(kUrl);

constexpr tl::unexpected<Error> malformed() {
    return fail(ErrorKind::Malformed, "not base64");
}

}  // namespace

std::string to_base64(Bytes bytes, Base64 form) {
    const std::string_view alphabet = form == Base64::Url ? kUrl : kStandard;
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    std::size_t at = 0;
    while (at < bytes.size()) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            group = (group << 8) | (i < count ? bytes[at + i] : 0U);
        }
        // n bytes need n + 1 digits of 6 bits.
        for (std::size_t i = 0; i <= count; ++i) {
            text.push_back(alphabet[(group >> (18 - 6 * i)) & 63U]);
        }
        at += count;
    }
    if (form == Base64::Padded) {
        text.append((4 - text.size() % 4) % 4, '=');
    }
    return text;
}

Result<std::vector<std::uint8_t>> from_base64(std::string_view text, Base64 form) {
    if (form == Base64::Padded) {
        if (text.size() % 4 != 0) {
            return malformed();
        }
        for (int i = 0; i < 2 && text.ends_with('='); ++i) {
            text.remove_suffix(1);
        }
    }
    if (text.size() % 4 == 1) {
        return malformed();
    }
    const auto& values = form == Base64::Url ? kUrlValues : kStandardValues;
    std::vector<std::uint8_t> bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t bits = 0;
    unsigned bit_count = 0;
    for (const char digit : text) {
        const std::uint8_t value = values[static_cast<std::uint8_t>(digit)];
        if (value == kNoDigit) {
            return malformed();
        }
        bits = ((bits << 6) | value) & 0xFFFFU;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            bytes.push_back(static_cast<std::uint8_t>(bits >> bit_count));
        }
    }
    if ((bits & ((1U << bit_count) - 1)) != 0) {
        return malformed();
    }
    return bytes;
}

}  // namespace kith::crypto
