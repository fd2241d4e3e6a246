#include "mesh/discovery/heard_beacons.h"

#include <gtest/gtest.h>

#include "mesh/discovery/testing/fake_network.h"

namespace kith::mesh {
namespace {

using testing::address_of;
using testing::id_of;
using testing::key_of;
using testing::signed_beacon;

constexpr std::uint64_t kMesh = 77;
constexpr Instant kStart = Instant::from_ns(1'000'000'000);

class HeardBeaconsTest : public ::testing::Test {
  protected:
    Beacon beacon(std::uint64_t node, std::uint32_t epoch = 5) const {
        return {.port = 7883, .epoch = epoch, .mesh = kMesh, .public_key = key_of(node)};
    }
    HeardBeacons::Heard hear(const Beacon& beacon, std::uint64_t from, Instant now = kStart) {
        return heard.on_datagram(address_of(from, 40000), signed_beacon(beacon), now);
    }

    testing::FakeSurroundings world;
    HeardBeacons heard{{.node = id_of(1), .mesh = kMesh}, world};
};

TEST_F(HeardBeaconsTest, OneOfTheOwnMeshTellsWhoIsWhere) {
    Beacon told = beacon(2);
    told.port = 9000;
    told.link_state_digest = 42;
    const auto result = hear(told, 2);
    EXPECT_EQ(result.verdict, BeaconVerdict::Heard);
    EXPECT_EQ(result.node, id_of(2));
    EXPECT_EQ(result.address, address_of(2, 9000)) << "of the beacon, at the sender's address";
    EXPECT_EQ(result.link_state_digest, 42U);
    EXPECT_TRUE(result.is_new);
    EXPECT_EQ(heard.count(kStart), 1U);
}

TEST_F(HeardBeaconsTest, TheSameAgainIsNoNewsAndIsNotVerifiedAgain) {
    static_cast<void>(hear(beacon(2), 2));
    const auto again = hear(beacon(2), 2, kStart + 1s);
    EXPECT_EQ(again.verdict, BeaconVerdict::Heard);
    EXPECT_FALSE(again.is_new);
    EXPECT_EQ(world.verified_count, 1U);
    EXPECT_TRUE(hear(beacon(2), 2, kStart + kHeardFor + 2s).is_new) << "after a long silence";
}

TEST_F(HeardBeaconsTest, ANewStartIsNewsAndTheOldOneIsStale) {
    static_cast<void>(hear(beacon(2, 5), 2));
    EXPECT_TRUE(hear(beacon(2, 6), 2).is_new);
    const auto replayed = hear(beacon(2, 5), 66);
    EXPECT_EQ(replayed.verdict, BeaconVerdict::Stale);
    EXPECT_FALSE(hear(beacon(2, 6), 2).is_new);
}

TEST_F(HeardBeaconsTest, OthersAreToldApart) {
    Beacon elsewhere = beacon(3);
    elsewhere.mesh = kMesh + 1;
    EXPECT_EQ(hear(elsewhere, 3).verdict, BeaconVerdict::Elsewhere);
    EXPECT_EQ(hear({.is_unpaired = true, .public_key = key_of(3)}, 3).verdict,
              BeaconVerdict::Unpaired);
    EXPECT_EQ(hear(beacon(1), 1).verdict, BeaconVerdict::Own);
    EXPECT_EQ(world.verified_count, 0U) << "they cost nothing";
    EXPECT_EQ(heard.on_datagram(address_of(3), as_bytes("hello"), kStart).verdict,
              BeaconVerdict::Malformed);
    auto newer = signed_beacon(beacon(3));
    newer[7] = 2;
    EXPECT_EQ(heard.on_datagram(address_of(3), newer, kStart).verdict, BeaconVerdict::Unsupported);
    EXPECT_EQ(heard.count(kStart), 0U);
}

TEST_F(HeardBeaconsTest, AChangedByteIsForged) {
    auto datagram = signed_beacon(beacon(2));
    datagram[11] ^= 1;  // the port
    EXPECT_EQ(heard.on_datagram(address_of(2), datagram, kStart).verdict, BeaconVerdict::Forged);
    EXPECT_EQ(heard.count(kStart), 0U);
}

TEST_F(HeardBeaconsTest, AForgedNewStartDoesNotMakeTheRealOneStale) {
    static_cast<void>(hear(beacon(2, 5), 2));
    auto datagram = signed_beacon(beacon(2, 5));
    datagram[12] = 0xFF;  // the epoch
    EXPECT_EQ(heard.on_datagram(address_of(66), datagram, kStart).verdict, BeaconVerdict::Forged);
    EXPECT_EQ(hear(beacon(2, 5), 2).verdict, BeaconVerdict::Heard);
}

TEST_F(HeardBeaconsTest, AFloodIsDroppedBeyondWhatIsVerified) {
    std::size_t limited = 0;
    for (std::uint64_t node = 2; node < 2 + 2 * kHeardNodesMax; ++node) {
        limited += hear(beacon(node), node).verdict == BeaconVerdict::Limited ? 1U : 0U;
    }
    EXPECT_EQ(world.verified_count, kBeaconVerifiesBurst);
    EXPECT_EQ(limited, 2 * kHeardNodesMax - kBeaconVerifiesBurst);
    EXPECT_EQ(hear(beacon(5000), 1, kStart + 10ms).verdict, BeaconVerdict::Heard)
        << "there is room again after a hundredth of a second";
}

TEST_F(HeardBeaconsTest, TheLongestSilentIsForgottenFirst) {
    Instant now = kStart;
    for (std::uint64_t node = 2; node < 3 + kHeardNodesMax; ++node) {
        now = now + 20ms;
        ASSERT_EQ(hear(beacon(node), node, now).verdict, BeaconVerdict::Heard);
    }
    EXPECT_EQ(heard.count(now), kHeardNodesMax);
    EXPECT_FALSE(heard.was_heard(id_of(2), now));
    EXPECT_TRUE(heard.was_heard(id_of(3), now));
}

TEST_F(HeardBeaconsTest, EachVerdictHasItsWord) {
    std::set<std::string_view> words;
    for (std::size_t i = 0; i < kBeaconVerdictCount; ++i) {
        words.insert(to_string(static_cast<BeaconVerdict>(i)));
    }
    EXPECT_EQ(words.size(), kBeaconVerdictCount);
}

}  // namespace
}  // namespace kith::mesh
