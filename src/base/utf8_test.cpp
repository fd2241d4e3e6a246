#include "base/utf8.h"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"

namespace kith {
namespace {

bool is_utf8(std::string_view text) {
    return kith::is_utf8(as_bytes(text));
}
bool is_mqtt_utf8(std::string_view text) {
    return kith::is_mqtt_utf8(as_bytes(text));
}

/// The code point at the start of `text`, decoded as RFC 3629 describes it; the slow oracle.
std::optional<std::size_t> decoded_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t first = byte(0);
    if (first < 0x80) {
        return 1;
    }
    const std::size_t length = (first >> 5) == 0x06   ? 2
                               : (first >> 4) == 0x0E ? 3
                               : (first >> 3) == 0x1E ? 4
                                                      : 0;
    if (length == 0 || text.size() < length) {
        return std::nullopt;
    }
    std::uint32_t code_point = first & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) >> 6) != 2) {
            return std::nullopt;
        }
        code_point = (code_point << 6) | (byte(i) & 0x3FU);
    }
    const std::uint32_t smallest = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000;
    const bool is_surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    if (code_point < smallest || is_surrogate || code_point > 0x10FFFF) {
        return std::nullopt;
    }
    return length;
}

bool is_utf8_by_decoding(std::string_view text) {
    while (!text.empty()) {
        const auto length = decoded_length(text);
        if (!length) {
            return false;
        }
        text.remove_prefix(*length);
    }
    return true;
}

TEST(Utf8, AcceptsEveryLengthAtItsBounds) {
    for (const char* text :
         {"", "a", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
          "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "gr\xC3\xBC\xC3\x9F Gott"}) {
        EXPECT_TRUE(is_utf8(text)) << to_hex(as_bytes(text));
    }
}

TEST(Utf8, RefusesOverlongFormsSurrogatesAndWhatIsTooLarge) {
    for (const char* text :
         {"\xC0\xAF", "\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xED\xA0\x80",
          "\xED\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE", "\xFF"}) {
        EXPECT_FALSE(is_utf8(text)) << to_hex(as_bytes(text));
    }
}

TEST(Utf8, RefusesSequencesThatAreCutOrContinueNothing) {
    for (const char* text : {"\x80", "\xC3", "a\xE2\x82", "\xF0\x9F\x98", "\xC3\x28",
                             "\xE2\x28\xA1", "\xE2\x82\x28", "\xF0\x9F\x28\x80"}) {
        EXPECT_FALSE(is_utf8(text)) << to_hex(as_bytes(text));
    }
}

TEST(Utf8, FindsAnErrorAtEveryOffsetOfALongText) {
    for (std::size_t length = 1; length < 40; ++length) {
        for (std::size_t at = 0; at < length; ++at) {
            std::string text(length, 'a');
            EXPECT_TRUE(is_utf8(text));
            text[at] = '\xFF';
            EXPECT_FALSE(is_utf8(text)) << at << " of " << length;
        }
    }
}

TEST(Utf8, MqttStringsMustNotContainNul) {
    // [MQTT-1.5.4-2]: "A UTF-8 Encoded String MUST NOT include an encoding of the null character
    // U+0000."
    for (std::size_t length = 1; length < 40; ++length) {
        for (std::size_t at = 0; at < length; ++at) {
            std::string text(length, 'a');
            EXPECT_TRUE(is_mqtt_utf8(text));
            text[at] = '\0';
            EXPECT_FALSE(is_mqtt_utf8(text)) << at << " of " << length;
            EXPECT_TRUE(is_utf8(text));
        }
    }
}

TEST(Utf8, MqttStringsMayContainControlAndNonCharacters) {
    EXPECT_TRUE(is_mqtt_utf8("\x01\x1F\x7F\xC2\x80\xEF\xBF\xBE\xEF\xB7\x90"));
    EXPECT_TRUE(is_mqtt_utf8("\xEF\xBB\xBF"));  // [MQTT-1.5.4-3]: a byte order mark is a character
}

TEST(Utf8, AgreesWithADecoderOnRandomBytes) {
    // Bytes are drawn near the borders of the table, so that many sequences are almost valid.
    static constexpr std::string_view kLikely =
        "aa\x7F\x80\x8F\x90\x9F\xA0\xBF\xC1\xC2\xDF\xE0\xE1\xED\xEF\xF0\xF1\xF4\xF5";
    Random random(20);
    int valid_count = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string text;
        const std::uint64_t length = random.below(12);
        for (std::uint64_t i = 0; i < length; ++i) {
            text.push_back(kLikely[random.below(kLikely.size())]);
        }
        ASSERT_EQ(is_utf8(text), is_utf8_by_decoding(text)) << to_hex(as_bytes(text));
        valid_count += is_utf8(text) ? 1 : 0;
    }
    EXPECT_GT(valid_count, 1'000);
}

}  // namespace
}  // namespace kith
