#include "mesh/discovery/peer_views.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "mesh/discovery/testing/fake_network.h"

namespace kith::mesh {
namespace {

using testing::address_of;
using testing::id_of;

constexpr Instant kStart = Instant::from_ns(1'000'000'000);

class PeerViewsTest : public ::testing::Test {
  protected:
    bool add(std::uint64_t node, CandidateSource source = CandidateSource::Beacon) {
        return views.add({id_of(node), address_of(node), source}, world, now);
    }
    bool add_reachable(std::uint64_t node) {
        world.reachable.insert(id_of(node));
        return add(node);
    }
    /// Looks until `until`; what is dialled stays away.
    void look_until(Instant until) {
        for (Instant next = views.look(world, now); next <= until; next = views.look(world, now)) {
            now = next;
        }
        now = until;
    }
    /// As look_until(), where whoever is dialled becomes a neighbour.
    void link_until(Instant until) {
        for (Instant next = views.look(world, now); next <= until; next = views.look(world, now)) {
            for (const auto& [node, address] : world.dialled) {
                world.link(node, LinkOrigin::Discovered, now);
            }
            dialled_count += world.dialled.size();
            world.dialled.clear();
            now = next;
        }
        now = until;
    }

    Instant now = kStart;
    testing::FakeSurroundings world;
    PeerViews views{id_of(1), PeerViews::Role::Router, 7};
    std::size_t dialled_count = 0;
};

TEST_F(PeerViewsTest, HearingOfSomebodyIsNoSession) {
    EXPECT_TRUE(add(2));
    EXPECT_EQ(views.candidate_count(), 1U);
    EXPECT_TRUE(world.dialled.empty());
}

TEST_F(PeerViewsTest, TakesNobodyImpossible) {
    world.revoked.insert(id_of(3));
    EXPECT_FALSE(add(1)) << "itself";
    EXPECT_FALSE(add(3)) << "revoked";
    EXPECT_FALSE(views.add({NodeId(), address_of(2), CandidateSource::Beacon}, world, now));
    EXPECT_FALSE(views.add({id_of(2), address_of(2, 0), CandidateSource::Beacon}, world, now));
}

TEST_F(PeerViewsTest, LinksToAsManyAsAreWantedAndNoMore) {
    for (std::uint64_t node = 2; node < 22; ++node) {
        add_reachable(node);
    }
    link_until(now + 1min);
    EXPECT_EQ(world.active.size(), kActiveViewWanted);
    EXPECT_EQ(dialled_count, kActiveViewWanted);
}

TEST_F(PeerViewsTest, StaticNeighborsAreOutsideOfTheBound) {
    for (std::uint64_t node = 50; node < 60; ++node) {
        world.link(id_of(node), LinkOrigin::Static, now);
        world.neighbor_counts[id_of(node)] = 100;
    }
    for (std::uint64_t node = 2; node < 22; ++node) {
        add_reachable(node);
    }
    link_until(now + 1min);
    EXPECT_EQ(world.active.size(), 10 + kActiveViewWanted);
    EXPECT_TRUE(world.given_up.empty());
}

TEST_F(PeerViewsTest, WhoHasEnoughNeighborsIsLeftAlone) {
    add_reachable(2);
    world.neighbor_counts[id_of(2)] = kActiveViewTolerated;
    look_until(now + 10s);
    EXPECT_TRUE(world.dialled.empty());
    world.neighbor_counts[id_of(2)] = kActiveViewTolerated - 1;
    look_until(now + 1s);
    EXPECT_EQ(world.dialled.size(), 1U);
}

TEST_F(PeerViewsTest, WhoDoesNotAnswerIsTriedLessAndLessAtEachOfItsAddresses) {
    add(2);
    views.add({id_of(2), address_of(99), CandidateSource::Mdns}, world, now);
    look_until(now + 10min);
    EXPECT_GE(world.dialled.size(), 5U);
    EXPECT_LE(world.dialled.size(), 12U);
    EXPECT_EQ(views.dials_failed(), views.dials());
    EXPECT_EQ(world.dialled[0].second, address_of(2));
    EXPECT_EQ(world.dialled[1].second, address_of(99));
}

TEST_F(PeerViewsTest, ACandidateHasAFewAddressesAndKeepsTheOldOnes) {
    // Who sends a node's beacon from elsewhere does not drive out where it is.
    world.members.insert(id_of(2));
    add(2);
    for (std::uint64_t other = 100; other < 200; ++other) {
        views.add({id_of(2), address_of(other), CandidateSource::Beacon}, world, now);
    }
    look_until(now + 20s);
    std::set<runtime::SocketAddress> tried;
    for (const auto& [node, address] : world.dialled) {
        tried.insert(address);
    }
    EXPECT_TRUE(tried.contains(address_of(2)));
    EXPECT_LE(tried.size(), kAddressesPerCandidateMax);
}

TEST_F(PeerViewsTest, StrangersAreDialledSlowly) {
    // All of them at addresses where nobody is.
    for (std::uint64_t node = 2; node < 32; ++node) {
        add(node);
    }
    std::size_t dialled = 0;
    for (int second = 0; second < 60; ++second) {
        look_until(now + 1s);
        add(100 + static_cast<std::uint64_t>(second));
    }
    dialled = world.dialled.size();
    EXPECT_LE(dialled, kStrangerDialsBurst + 60 * kStrangerDialsPerSecond);
}

TEST_F(PeerViewsTest, AFullViewPrefersMembersToStrangers) {
    for (std::uint64_t node = 2; node < 2 + kPassiveViewMax; ++node) {
        ASSERT_TRUE(add(node));
    }
    for (std::uint64_t node = 100; node < 100 + kPassiveViewMax; ++node) {
        world.members.insert(id_of(node));
        EXPECT_TRUE(add(node));
    }
    EXPECT_EQ(views.candidate_count(), kPassiveViewMax);
    std::size_t taken = 0;
    for (std::uint64_t node = 1000; node < 2000; ++node) {
        taken += add(node) ? 1U : 0U;
    }
    EXPECT_EQ(taken, 0U) << "no stranger drives out a member";
}

TEST_F(PeerViewsTest, WhoIsNotNamedForADayIsForgotten) {
    for (std::uint64_t node = 2; node < 2 + kPassiveViewMax; ++node) {
        world.members.insert(id_of(node));
        add(node, CandidateSource::Exchange);
    }
    now = now + kCandidateLifetime + 1s;
    EXPECT_TRUE(add(500));
    EXPECT_EQ(views.candidate_count(), 1U);
}

TEST_F(PeerViewsTest, WhoIsHeardAndCannotBeReachedIsLinkedToBeyondTheWanted) {
    for (std::uint64_t node = 50; node < 50 + kActiveViewWanted; ++node) {
        world.link(id_of(node), LinkOrigin::Discovered, now);
    }
    add(2);
    look_until(now + kIsolationGrace - 1ms);
    EXPECT_TRUE(world.dialled.empty()) << "it may come of its own accord";
    look_until(now + kIsolationSpreadMin + 2s);
    ASSERT_FALSE(world.dialled.empty());
    EXPECT_EQ(world.dialled[0].first, id_of(2));
}

TEST_F(PeerViewsTest, WhoIsReachedByThenIsNotDialled) {
    for (std::uint64_t node = 50; node < 50 + kActiveViewWanted; ++node) {
        world.link(id_of(node), LinkOrigin::Discovered, now);
    }
    add(2);
    look_until(now + kIsolationGrace - 1ms);
    world.reachable.insert(id_of(2));
    look_until(now + 1min);
    EXPECT_TRUE(world.dialled.empty());
}

TEST_F(PeerViewsTest, NoMoreThanTheMostEvenForThatsSake) {
    for (std::uint64_t node = 50; node < 50 + kActiveViewMax; ++node) {
        world.link(id_of(node), LinkOrigin::Accepted, now);
    }
    add(2);
    look_until(now + 1min);
    EXPECT_TRUE(world.dialled.empty());
}

TEST_F(PeerViewsTest, ThoseBeyondTheToleratedAreGivenUpIfTheyAreItsOwnAndCanAffordIt) {
    for (std::uint64_t node = 50; node < 54; ++node) {
        world.link(id_of(node), LinkOrigin::Accepted, now);
    }
    for (std::uint64_t node = 60; node < 65; ++node) {
        world.link(id_of(node), LinkOrigin::Discovered, now);
        world.neighbor_counts[id_of(node)] = kActiveViewMin;  // the poor
    }
    world.link(id_of(70), LinkOrigin::Discovered, now);
    world.neighbor_counts[id_of(70)] = 7;
    now = now + kShedAgeMin;
    static_cast<void>(views.look(world, now));
    EXPECT_EQ(world.given_up, std::vector<NodeId>{id_of(70)});
}

TEST_F(PeerViewsTest, SomebodyWithTooManyIsLeftByOneOfThoseWhoDialledHim) {
    for (std::uint64_t node = 50; node < 55; ++node) {
        world.link(id_of(node), LinkOrigin::Discovered, now);
        world.neighbor_counts[id_of(node)] = 6;
    }
    world.link(id_of(70), LinkOrigin::Discovered, now);
    world.neighbor_counts[id_of(70)] = 40;
    look_until(now + 30s);
    EXPECT_FALSE(world.given_up.empty());
    EXPECT_EQ(std::set(world.given_up.begin(), world.given_up.end()), std::set{id_of(70)});
}

TEST_F(PeerViewsTest, ALeafLinksToAllThatItCannotReachAndKeepsThem) {
    views = PeerViews(id_of(1), PeerViews::Role::Leaf, 7);
    for (std::uint64_t node = 2; node < 22; ++node) {
        world.members.insert(id_of(node));
        world.neighbor_counts[id_of(node)] = 20;
        add(node, CandidateSource::Exchange);  // beacons are withheld where others say enough
    }
    link_until(now + 1min);
    EXPECT_EQ(dialled_count, 20U);
    EXPECT_TRUE(world.given_up.empty());
}

TEST_F(PeerViewsTest, ALeafLeavesAloneWhomItReachesThroughOthers) {
    views = PeerViews(id_of(1), PeerViews::Role::Leaf, 7);
    for (std::uint64_t node = 50; node < 50 + kActiveViewWanted; ++node) {
        world.link(id_of(node), LinkOrigin::Accepted, now);
    }
    add_reachable(2);
    look_until(now + 1min);
    EXPECT_TRUE(world.dialled.empty());
}

TEST_F(PeerViewsTest, ARouterNeitherSeeksLeavesNorCountsThem) {
    for (std::uint64_t node = 50; node < 60; ++node) {
        world.leaves.insert(id_of(node));
        world.neighbor_counts[id_of(node)] = 6;
        world.link(id_of(node), LinkOrigin::Discovered, now);
    }
    world.leaves.insert(id_of(3));
    add_reachable(3);
    add_reachable(2);
    look_until(now + 30s);
    ASSERT_FALSE(world.dialled.empty());
    EXPECT_EQ(world.dialled.front().first, id_of(2));
    EXPECT_TRUE(std::ranges::none_of(world.dialled,
                                     [](const auto& dial) { return dial.first == id_of(3); }));
    EXPECT_TRUE(world.given_up.empty());
}

}  // namespace
}  // namespace kith::mesh
