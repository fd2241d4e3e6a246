#include "mesh/discovery/discovery.h"

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

std::uint64_t count(const Discovery& discovery, BeaconVerdict verdict) {
    return discovery.counters().beacons[static_cast<std::size_t>(verdict)];
}

class DiscoveryTest : public ::testing::Test {
  protected:
    explicit DiscoveryTest(std::uint64_t mesh = kMesh) : discovery(options(mesh), world, 5) {
        world.own_key = key_of(1);
    }
    static DiscoveryOptions options(std::uint64_t mesh) {
        return {.self = id_of(1),
                .public_key = key_of(1),
                .mesh = mesh,
                .epoch = 9,
                .port = std::uint16_t{mesh == 0 ? std::uint16_t{0} : std::uint16_t{9000}}};
    }
    void run_until(Instant end) {
        while (discovery.deadline() <= end) {
            now = discovery.deadline();
            discovery.on_timer(now);
        }
        now = end;
    }
    void hear(std::uint64_t node, std::uint64_t from) {
        discovery.on_datagram(
            address_of(from, 40000),
            signed_beacon({.port = 7883, .epoch = 1, .mesh = kMesh, .public_key = key_of(node)}),
            now);
    }

    Instant now = kStart;
    testing::FakeSurroundings world;
    Discovery discovery;
};

class UnpairedDiscovery : public DiscoveryTest {
  protected:
    UnpairedDiscovery() : DiscoveryTest(0) {}
};

TEST_F(DiscoveryTest, SaysThatItIsThereAndWhere) {
    world.digest = 42;
    discovery.start(now);
    run_until(now + 500ms);
    ASSERT_EQ(world.sent.size(), 1U);
    const auto beacon = decode_beacon(world.sent[0]);
    ASSERT_TRUE(beacon.has_value());
    EXPECT_EQ(*beacon, (Beacon{.port = 9000,
                               .epoch = 9,
                               .mesh = kMesh,
                               .link_state_digest = 42,
                               .public_key = key_of(1)}));
    EXPECT_TRUE(world.verify(beacon->public_key, signed_part(world.sent[0]),
                             signature_part(world.sent[0])));
}

TEST_F(DiscoveryTest, SaysItLessAndLessAndAtOnceForANewcomer) {
    discovery.start(now);
    run_until(now + 5min);
    const std::uint64_t before = discovery.counters().beacons_sent;
    run_until(now + 5min);
    EXPECT_NEAR(static_cast<double>(discovery.counters().beacons_sent - before), 10, 1);
    const std::uint64_t calm = discovery.counters().beacons_sent;
    hear(2, 2);
    run_until(now + 500ms);
    EXPECT_EQ(discovery.counters().beacons_sent, calm + 1) << "the answer";
}

TEST_F(DiscoveryTest, WithholdsWhatThreeOthersOfItsPartHaveSaid) {
    discovery.start(now);
    run_until(now + 5min);
    for (const std::uint64_t node : {2U, 3U, 4U}) {
        world.reachable.insert(id_of(node));
        hear(node, node);  // news, which begins a new interval
    }
    const std::uint64_t sent = discovery.counters().beacons_sent;
    for (const std::uint64_t node : {2U, 3U, 4U}) {
        hear(node, node);
    }
    run_until(now + 500ms);
    EXPECT_EQ(discovery.counters().beacons_sent, sent);
    EXPECT_EQ(discovery.counters().beacons_withheld, 1U);
}

TEST_F(DiscoveryTest, ABeaconOfAMemberLeadsToALink) {
    world.members.insert(id_of(2));
    discovery.start(now);
    hear(2, 2);
    EXPECT_TRUE(world.dialled.empty()) << "not at once";
    run_until(now + 1s);
    ASSERT_EQ(world.dialled.size(), 1U);
    EXPECT_EQ(world.dialled[0], std::pair(id_of(2), address_of(2, 7883)));
    EXPECT_EQ(discovery.counters().strangers, 0U);
}

TEST_F(DiscoveryTest, OneOfAnUnknownKeyIsCounted) {
    discovery.start(now);
    hear(2, 2);
    EXPECT_EQ(count(discovery, BeaconVerdict::Heard), 1U);
    EXPECT_EQ(discovery.counters().strangers, 1U);
}

TEST_F(DiscoveryTest, WhatIsNotOfTheMeshLeadsNowhere) {
    world.revoked.insert(id_of(5));
    discovery.start(now);
    const auto other =
        signed_beacon({.port = 1, .epoch = 1, .mesh = kMesh + 1, .public_key = key_of(3)});
    discovery.on_datagram(address_of(3), other, now);
    discovery.on_datagram(address_of(4),
                          signed_beacon({.is_unpaired = true, .public_key = key_of(4)}), now);
    hear(5, 5);
    auto forged = signed_beacon({.port = 7883, .epoch = 1, .mesh = kMesh, .public_key = key_of(6)});
    forged.back() ^= 1;
    discovery.on_datagram(address_of(6), forged, now);
    run_until(now + 1min);
    EXPECT_TRUE(world.dialled.empty());
    EXPECT_EQ(discovery.candidate_count(), 0U);
    for (const auto verdict : {BeaconVerdict::Elsewhere, BeaconVerdict::Unpaired,
                               BeaconVerdict::Revoked, BeaconVerdict::Forged}) {
        EXPECT_EQ(count(discovery, verdict), 1U) << to_string(verdict);
    }
}

TEST_F(DiscoveryTest, ABeaconThatIsSentAgainFromElsewhereDoesNoHarm) {
    // The neighbour stays the neighbour; nobody else is dialled in its name.
    world.link(id_of(2), LinkOrigin::Discovered, now);
    discovery.start(now);
    for (int i = 0; i < 100; ++i) {
        hear(2, 66);
        run_until(now + 1s);
    }
    EXPECT_TRUE(world.dialled.empty());
    EXPECT_EQ(world.verified_count, 1U);
    EXPECT_LE(discovery.counters().beacons_sent, 10U) << "and it is no news";
}

TEST_F(UnpairedDiscovery, SaysThatItIsThereAndTakesNoPart) {
    discovery.start(now);
    run_until(now + 1s);
    ASSERT_FALSE(world.sent.empty());
    EXPECT_EQ(decode_beacon(world.sent[0]),
              (Beacon{.is_unpaired = true, .epoch = 9, .public_key = key_of(1)}));
    hear(2, 2);
    discovery.on_named({id_of(3), address_of(3), CandidateSource::Mdns}, now);
    run_until(now + 1min);
    EXPECT_TRUE(world.dialled.empty());
    EXPECT_EQ(discovery.candidate_count(), 0U);
}

}  // namespace
}  // namespace kith::mesh
