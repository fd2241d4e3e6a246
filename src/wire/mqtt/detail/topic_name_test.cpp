#include "wire/mqtt/detail/topic_name.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"
#include "base/utf8.h"

namespace kith::mqtt::detail {
namespace {

bool naive(std::string_view topic) {
    return is_mqtt_utf8(as_bytes(topic)) && topic.find_first_of("+#") == std::string_view::npos;
}

TEST(TopicName, OneBadByteIsSeenInEveryPlaceOfEveryLength) {
    for (std::size_t size = 1; size <= 40; ++size) {
        std::string topic(size, 'x');
        EXPECT_TRUE(is_topic_name(as_bytes(topic)));
        for (std::size_t at = 0; at < size; ++at) {
            for (const int bad : {0x00, 0x23, 0x2B, 0x80, 0xC3, 0xFF}) {
                topic[at] = static_cast<char>(bad);
                EXPECT_FALSE(is_topic_name(as_bytes(topic))) << size << " " << at << " " << bad;
            }
            topic[at] = 'x';
        }
    }
}

TEST(TopicName, EveryByteAgreesWithTheNaiveCheck) {
    for (int byte = 0; byte < 256; ++byte) {
        for (const std::size_t size : {1U, 7U, 8U, 9U, 16U}) {
            std::string topic(size, 'x');
            topic[size / 2] = static_cast<char>(byte);
            EXPECT_EQ(is_topic_name(as_bytes(topic)), naive(topic)) << byte << " " << size;
        }
    }
}

TEST(TopicName, RandomTextAgreesWithTheNaiveCheck) {
    Random random(1);
    const char* pieces[] = {"a", "/", "topic", "+", "#", "\xC3\xA4", "\xE6\x97\xA5", "\x80", "*"};
    for (int round = 0; round < 20'000; ++round) {
        std::string topic;
        for (std::uint64_t i = random.below(8); i > 0; --i) {
            // Mostly good pieces, so that long names pass too.
            topic += pieces[random.below(random.chance(0.8) ? 3 : std::size(pieces))];
        }
        ASSERT_EQ(is_topic_name(as_bytes(topic)), naive(topic)) << topic;
    }
}

TEST(TopicName, EmptyPasses) {
    EXPECT_TRUE(is_topic_name({}));
    EXPECT_FALSE(has_wildcard({}));
}

}  // namespace
}  // namespace kith::mqtt::detail
