#include "broker/detail/retained_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"

namespace kith::broker {
namespace {

constexpr WallTime kNow = WallTime::from_ms(1'000'000);

struct Rig {
    NodeBudget messages{100'000};
    NodeBudget bytes{100'000'000};
    RetainedStore store{{.messages = messages, .bytes = bytes}, 1};

    void set(std::string_view topic, std::string_view payload, WallTime expires_at = WallTime()) {
        static_cast<void>(store.set({.topic = bus::TopicName::create(topic).value(),
                                     .payload = as_bytes(payload),
                                     .retain = true,
                                     .published_at = kNow,
                                     .expires_at = expires_at},
                                    kNow));
    }
    [[nodiscard]] std::vector<std::string> topics(std::string_view filter) {
        return texts(store.match(bus::TopicFilter::create(filter).value(), kNow));
    }
    [[nodiscard]] static std::vector<std::string> texts(const std::vector<RetainedRef>& messages) {
        std::vector<std::string> found;
        for (const RetainedRef& message : messages) {
            found.emplace_back(message->topic().text());
        }
        std::ranges::sort(found);
        return found;
    }
};

using Topics = std::vector<std::string>;

TEST(RetainedStore, EveryFilterFindsTheTopicsThatItMatches) {
    Rig rig;
    for (const char* topic : {"a", "a/b", "a/c", "a/b/c", "/", "/a", "a/", "$own", "$own/a"}) {
        rig.set(topic, "1");
    }
    EXPECT_EQ(rig.topics("a/#"), (Topics{"a", "a/", "a/b", "a/b/c", "a/c"}));
    EXPECT_EQ(rig.topics("+"), (Topics{"a"}));
    EXPECT_EQ(rig.topics("#"), (Topics{"/", "/a", "a", "a/", "a/b", "a/b/c", "a/c"}));
    EXPECT_EQ(rig.topics("+/b"), (Topics{"a/b"}));
    EXPECT_EQ(rig.topics("+/#"), (Topics{"/", "/a", "a", "a/", "a/b", "a/b/c", "a/c"}));
    EXPECT_EQ(rig.topics("/+"), (Topics{"/", "/a"}));
    EXPECT_EQ(rig.topics("$own/#"), (Topics{"$own", "$own/a"}));
    EXPECT_EQ(rig.topics("a/b/d"), Topics{});
}

TEST(RetainedStore, AMessageComesBackAsItWasKept) {
    Rig rig;
    const std::vector<std::uint8_t> properties{0x01, 0x01};
    const bus::Message kept{.topic = bus::TopicName::trusted("a/b"),
                            .payload = as_bytes("hot"),
                            .properties = properties,
                            .qos = Qos::ExactlyOnce,
                            .retain = true,
                            .trace = 7,
                            .publisher = SessionId(9),
                            .published_at = kNow,
                            .expires_at = WallTime::from_ms(2'000'000)};
    EXPECT_EQ(rig.store.set(kept, kNow), RetainedStore::Change::Stored);
    const bus::Message found = rig.store.find("a/b")->view();
    EXPECT_EQ(found.topic.text(), "a/b");
    EXPECT_EQ(as_text(found.payload), "hot");
    EXPECT_TRUE(std::ranges::equal(found.properties, properties));
    EXPECT_EQ(found.qos, Qos::ExactlyOnce);
    EXPECT_TRUE(found.retain);
    EXPECT_EQ(found.trace, 7);
    EXPECT_EQ(found.publisher, SessionId(9));
    EXPECT_EQ(found.published_at, kNow);
    EXPECT_EQ(found.expires_at, WallTime::from_ms(2'000'000));
}

TEST(RetainedStore, AMessageOfSixtyFourBytesCountsAHundredAndTwenty) {
    Rig rig;
    rig.set("plant/line/machine/temp_c", std::string(64, 'x'));
    EXPECT_LE(rig.store.size_bytes(), 32U + 25 + 64);
}

TEST(RetainedStore, WhatHasExpiredIsForgottenWhereItIsFound) {
    Rig rig;
    rig.set("a/b", "old", kNow);
    rig.set("a/c", "good");
    EXPECT_EQ(rig.topics("a/+"), (Topics{"a/c"}));
    EXPECT_EQ(rig.store.message_count(), 1U);
    EXPECT_EQ(Rig::texts(rig.store.take_expired()), (Topics{"a/b"}));
}

// Against a map and the filter's own matching.
TEST(RetainedStore, DoesAsAMapWould) {
    Rig rig;
    Random random(7);
    std::map<std::string, std::string> expected;
    const std::vector<std::string> names{"a", "b", "", "$c"};
    const auto path = [&](const std::vector<std::string>& levels) {
        std::string text = levels[random.below(levels.size())];
        for (std::uint64_t depth = random.below(4); depth > 0; --depth) {
            text += "/" + levels[random.below(levels.size())];
        }
        return text;
    };
    for (int i = 0; i < 400; ++i) {
        if (const std::string topic = path(names); bus::TopicName::create(topic)) {
            const std::string payload = random.below(2) == 0 ? "" : std::to_string(i);
            rig.set(topic, payload);
            expected[topic] = payload;
        }
        std::string filter = path({"a", "b", "", "$c", "+"});
        filter += random.below(3) == 0 ? "/#" : "";
        const auto parsed = bus::TopicFilter::create(filter);
        if (!parsed) {
            continue;
        }
        Topics wanted;
        for (const auto& [topic, payload] : expected) {
            if (!payload.empty() && parsed->matches(bus::TopicName::trusted(topic))) {
                wanted.push_back(topic);
            }
        }
        ASSERT_EQ(rig.topics(filter), wanted) << filter;
        ASSERT_EQ(rig.store.all(kNow).size(), rig.store.message_count());
    }
    for (const auto& [topic, payload] : expected) {
        rig.set(topic, "");
    }
    EXPECT_EQ(rig.store.message_count(), 0U);
    EXPECT_EQ(rig.store.size_bytes(), 0U);
    EXPECT_EQ(rig.topics("#"), Topics{});
}

}  // namespace
}  // namespace kith::broker
