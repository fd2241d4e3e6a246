// Records in a whole network: whoever hears one another ends with the same, whatever happens on the
// way, and nothing is sent more often than it has to be.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "mesh/testing/record_network.h"

namespace kith::mesh {
namespace {

using testing::RecordNetwork;
using testing::Weather;

constexpr std::uint64_t kSeeds = 8;
constexpr Weather kBad{.loss = 0.3, .repeats = 0.1, .delay_min = 1ms, .delay_max = 50ms};

/// Random, and in one piece.
void build(RecordNetwork& network, Random& random) {
    const std::size_t node_count = 2 + random.below(29);
    for (std::size_t index = 0; index < node_count; ++index) {
        network.add();
    }
    for (std::size_t index = 1; index < node_count; ++index) {
        network.link(index, random.below(index));
    }
    for (std::size_t i = 0; i < node_count; ++i) {
        network.link(random.below(node_count), random.below(node_count));
    }
}

/// Everybody has the same digests, and exactly what is told.
void expect_settled(RecordNetwork& network) {
    for (std::size_t index = 0; index < network.size(); ++index) {
        SCOPED_TRACE("node " + std::to_string(index + 1));
        const Records& records = *network.node(index).records;
        EXPECT_EQ(records.digests(), network.node(0).records->digests());
        std::map<RecordKey, std::string> known;
        for (std::size_t kind = 1; kind <= kRecordKindCount; ++kind) {
            for (const StoredRecord* record : records.all(static_cast<RecordKind>(kind))) {
                known[record->key] = as_text(record->body());
            }
        }
        std::map<RecordKey, std::string> told;
        for (std::size_t other = 0; other < network.size(); ++other) {
            told.insert(network.node(other).told.begin(), network.node(other).told.end());
        }
        EXPECT_EQ(known, told);
    }
}

/// Anything that can happen to a node or a link.
void disturb(RecordNetwork& network, Random& random) {
    const std::size_t a = random.below(network.size());
    const std::size_t b = random.below(network.size());
    const auto part = static_cast<std::uint16_t>(random.below(8));
    switch (random.below(6)) {
        case 0:
            network.cut(a, b);
            break;
        case 1:
            network.link(a, b);
            break;
        case 2:
            network.restart(a);
            break;
        case 3:
            network.node(a).tell(RecordKind::Interest, part, "");
            break;
        case 4:
            network.node(a).tell(RecordKind::LinkState, 0, std::to_string(random.next()));
            break;
        default:
            network.node(a).tell(RecordKind::Interest, part, std::to_string(random.below(4)));
            break;
    }
}

TEST(RecordsNetwork, EverybodyEndsWithTheSame) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        SCOPED_TRACE(seed);
        Random random(seed);
        RecordNetwork network({}, seed);
        build(network, random);
        network.time.run_for(2s);
        expect_settled(network);
    }
}

TEST(RecordsNetwork, LossAndReorderingDoNotMatter) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        SCOPED_TRACE(seed);
        Random random(seed);
        RecordNetwork network(kBad, seed);
        build(network, random);
        network.time.run_for(60s);
        expect_settled(network);
    }
}

TEST(RecordsNetwork, WhatChangesAndBreaksIsTheSameInTheEnd) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        SCOPED_TRACE(seed);
        Random random(seed);
        RecordNetwork network(kBad, seed);
        build(network, random);
        for (int i = 0; i < 100; ++i) {
            network.time.run_for(random.between(0ms, 200ms));
            disturb(network, random);
        }
        for (std::size_t index = 1; index < network.size(); ++index) {
            network.link(index - 1, index);
        }
        network.set_weather({});
        network.time.run_for(30s);
        expect_settled(network);
    }
}

TEST(RecordsNetwork, PartitionsAgreeOnceTheyMeet) {
    RecordNetwork network({}, 7);
    for (std::size_t index = 0; index < 20; ++index) {
        network.add();
        if (index % 10 != 0) {
            network.link(index - 1, index);
        }
    }
    network.time.run_for(2s);
    EXPECT_EQ(network.node(0).records->all(RecordKind::LinkState).size(), 10U);

    // Goal: link state and interest that changed on either side, and was withdrawn, is the same
    // everywhere 300 ms after the two halves meet.
    network.node(3).tell(RecordKind::Interest, 1, "a/+");
    network.node(13).tell(RecordKind::Interest, 1, "b/#");
    network.node(13).tell(RecordKind::Interest, 1, "");
    network.link(9, 10);
    network.time.run_for(300ms);
    expect_settled(network);
    EXPECT_EQ(network.node(0).records->all(RecordKind::LinkState).size(), 20U);
}

TEST(RecordsNetwork, ARecordCrossesALinkAtMostTwice) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        SCOPED_TRACE(seed);
        Random random(seed);
        RecordNetwork network({}, seed);
        build(network, random);
        for (int i = 0; i < 20; ++i) {
            network.time.run_for(random.between(0ms, 50ms));
            network.node(random.below(network.size()))
                .tell(RecordKind::Interest, static_cast<std::uint16_t>(random.below(8)),
                      std::to_string(i));
        }
        network.time.run_for(5s);
        for (const auto& [link, records] : network.crossings) {
            for (const auto& [record, count] : records) {
                EXPECT_LE(count, 2) << link.first.value() << " - " << link.second.value();
            }
        }
    }
}

TEST(RecordsNetwork, WhoHasAllIsSilent) {
    Random random(1);
    RecordNetwork network({}, 1);
    build(network, random);
    network.time.run_for(5s);
    network.sent_count.clear();
    network.time.run_for(60s);
    EXPECT_TRUE(network.sent_count.empty());
}

TEST(RecordsNetwork, WhatStandsIsToldAgainBeforeItExpires) {
    RecordNetwork network({.hello_interval = 30s}, 1);
    network.add();
    network.add();
    network.link(0, 1);
    network.node(0).tell(RecordKind::Interest, 3, "a");
    const RecordKey key{.origin = NodeId(1), .kind = RecordKind::Interest, .part = 3};
    network.time.run_for(1s);
    const Version first = network.node(1).records->find(key)->version;
    network.time.run_for(25h);
    ASSERT_NE(network.node(1).records->find(key), nullptr);
    EXPECT_GT(network.node(1).records->find(key)->version, first);
    expect_settled(network);
}

// Goal: records of a node that is gone end everywhere, though its neighbours forget them at
// different moments and hand on what they have to nodes that come later.
TEST(RecordsNetwork, WhoIsGoneIsForgottenByAll) {
    RecordNetwork network({.delay_max = 900ms, .hello_interval = 30s}, 3);
    for (std::size_t index = 0; index < 6; ++index) {
        network.add();
    }
    network.link(0, 1);
    network.link(1, 2);
    network.time.run_for(2min);
    network.cut(0, 1);
    const RecordKey key{.origin = NodeId(1), .kind = RecordKind::LinkState, .part = 0};
    for (std::size_t index = 3; index < 6; ++index) {
        network.time.run_for(7h);
        network.link(index - 1, index);
        network.time.run_for(2min);
        EXPECT_NE(network.node(index).records->find(key), nullptr);
    }
    network.time.run_for(4h);
    for (std::size_t index = 1; index < 6; ++index) {
        EXPECT_EQ(network.node(index).records->find(key), nullptr) << index;
        EXPECT_FALSE(network.node(index).records->has({.key = key, .version = {}})) << index;
    }
}

TEST(RecordsNetwork, ALeafHearsAllAndHandsOnNothing) {
    RecordNetwork network({}, 5);
    network.add();
    network.add(NodeRole::Leaf);
    network.add();
    network.link(0, 1);
    network.link(1, 2);
    network.time.run_for(60s);
    EXPECT_EQ(network.node(1).records->all(RecordKind::LinkState).size(), 3U);
    EXPECT_EQ(network.node(0).records->all(RecordKind::LinkState).size(), 2U);
    EXPECT_EQ(network.node(2).records->all(RecordKind::LinkState).size(), 2U);
    EXPECT_TRUE(network.node(0).refused.empty());

    // What stays different is compared more and more seldom: 64 s, 128 s apart in the end.
    network.sent_count.clear();
    network.time.run_for(10min);
    EXPECT_LE(network.sent_count[FrameType::Digest], 10U * 2 * 2 * 2);

    network.link(0, 2);
    network.time.run_for(1s);
    expect_settled(network);
}

TEST(RecordsNetwork, ANewNodeGetsThousandsOfRecords) {
    RecordNetwork network({}, 9);
    network.add();
    for (std::uint16_t part = 0; part < kRecordPartsMax; ++part) {
        network.node(0).tell(RecordKind::Interest, part, std::string(800, 'x'));
    }
    network.time.run_for(10s);
    network.add();
    network.link(0, 1);
    network.time.run_for(200ms);
    expect_settled(network);
    EXPECT_EQ(network.sent_count[FrameType::Record], kRecordPartsMax + 2 + 2);
}

}  // namespace
}  // namespace kith::mesh
