// Many nodes on one network: they all find one another, soon and cheaply, and stay a sparse graph.

#include "mesh/discovery/testing/virtual_lan.h"

#include <gtest/gtest.h>

namespace kith::mesh {
namespace {

using testing::VirtualLan;

TEST(DiscoveryLan, TwoHundredThatStartTogetherAreOneMeshWithinFiveSeconds) {
    VirtualLan lan(200, 1);
    lan.start_all();
    const Duration joined = lan.run_until([&] { return lan.is_whole(); }, 10s);
    EXPECT_LE(joined, 5s);
    lan.run_for(5s - joined);
    EXPECT_TRUE(lan.is_whole());
    EXPECT_LE(lan.degree_max(), kActiveViewTolerated);
    lan.run_for(30s);

    const std::uint64_t links_before = lan.links_made();
    const std::uint64_t bytes_before = lan.bytes_sent();
    lan.run_for(30s);
    EXPECT_TRUE(lan.is_whole());
    EXPECT_LE(lan.degree_max(), kActiveViewTolerated);
    EXPECT_EQ(lan.links_made(), links_before) << "what stands is left alone";
    const std::uint64_t bytes_per_s = (lan.bytes_sent() - bytes_before) / 30;
    EXPECT_LE(bytes_per_s, 2000U);
    RecordProperty("joined_ms", static_cast<int>(to_ms(joined)));
    RecordProperty("beacon_bytes_per_s", static_cast<int>(bytes_per_s));
}

TEST(DiscoveryLan, ANewcomerIsOneOfThemSoon) {
    VirtualLan lan(50, 4);
    for (std::size_t i = 0; i < 49; ++i) {
        lan.start(i);
    }
    lan.run_for(2min);
    ASSERT_EQ(lan.component_count(), 2U);  // the one that has not started
    lan.start(49);
    EXPECT_LE(lan.run_until([&] { return lan.is_whole(); }, 10s), 2s);
    lan.run_for(10s);
    EXPECT_GE(lan.degree(49), kActiveViewMin);
    EXPECT_LE(lan.degree_max(), kActiveViewTolerated);
}

TEST(DiscoveryLan, PartsThatHearOneAnotherAgainBecomeOne) {
    VirtualLan lan(60, 5);
    lan.divide([](std::size_t i) { return i < 30 ? 0 : 1; });
    lan.start_all();
    lan.run_for(2min);
    ASSERT_EQ(lan.component_count(), 2U);
    for (std::size_t i = 0; i < 60; ++i) {
        ASSERT_GE(lan.degree(i), 4U) << "they are content";
    }
    lan.divide([](std::size_t) { return 0; });
    EXPECT_LE(lan.run_until([&] { return lan.is_whole(); }, 2min),
              kBeaconIntervalMax + kIsolationGrace + kIsolationSpreadMin + 1s);
    lan.run_for(1min);
    EXPECT_TRUE(lan.is_whole());
    EXPECT_LE(lan.degree_max(), kActiveViewTolerated);
}

TEST(DiscoveryLan, ACutLanComesBackByItself) {
    VirtualLan lan(40, 6);
    lan.start_all();
    lan.run_for(1min);
    lan.divide([](std::size_t i) { return static_cast<int>(i % 2); });
    lan.run_for(3min);
    EXPECT_EQ(lan.component_count(), 2U);
    lan.divide([](std::size_t) { return 0; });
    EXPECT_LE(lan.run_until([&] { return lan.is_whole(); }, 2min), 1min);
}

TEST(DiscoveryLan, TheSameSeedIsTheSameRun) {
    const auto run = [] {
        VirtualLan lan(30, 9);
        lan.start_all();
        lan.run_for(1min);
        return std::tuple(lan.bytes_sent(), lan.links_made(), lan.degree_max());
    };
    EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace kith::mesh
