#include "mesh/live/peer_dialer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "mesh/live/limits.h"
#include "runtime/sim/world.h"

namespace kith::mesh {
namespace {

using runtime::SocketAddress;

SocketAddress address(std::uint8_t last) {
    return SocketAddress::v4({10, 0, 0, last}, 7883);
}

/// Notes what the dialer wants, and when.
class Dialled final : public DialOwner {
  public:
    struct Dial {
        Instant at;
        SocketAddress to;
        LinkId link;
    };

    Dialled() : dialer(machine.shard(ShardId(0)), *this, "gw:7883") {
        act([this] { dialer.start(); });
    }
    void resolve(PeerDialer&) override { resolved.push_back(world.now()); }
    std::optional<LinkId> dial(PeerDialer&, const SocketAddress& to) override {
        if (refuses_to_dial) {
            return std::nullopt;
        }
        const LinkId link(static_cast<std::uint32_t>(dials.size() + 1));
        dials.push_back({world.now(), to, link});
        return link;
    }
    void give_up(LinkId link) override { given_up.push_back(link); }

    /// In a turn of the shard.
    void act(const std::function<void()>& action) {
        bool is_done = false;
        machine.shard(ShardId(0)).post_completion(runtime::make_mail([&](runtime::Shard&) {
            action();
            is_done = true;
        }));
        ASSERT_TRUE(world.run_until([&] { return is_done; }, 1s));
    }
    void find(std::vector<SocketAddress> found) {
        act([&] { dialer.on_resolved(found); });
    }
    void fail_all() {
        act([this] {
            for (std::size_t i = 0; i < dials.size(); ++i) {
                dialer.on_failed(dials[i].link);
            }
        });
    }
    [[nodiscard]] std::vector<SocketAddress> targets() const {
        std::vector<SocketAddress> targets;
        for (const Dial& dial : dials) {
            targets.push_back(dial.to);
        }
        return targets;
    }

    Log log;
    runtime::sim::World world{{.seed = 3}};
    runtime::sim::Host& machine = world.add_host("n", 1, log);
    std::vector<Instant> resolved;
    std::vector<Dial> dials;
    std::vector<LinkId> given_up;
    bool refuses_to_dial = false;
    PeerDialer dialer;
};

TEST(PeerDialer, DialsSeveralAddressesAFewMillisecondsApart) {
    Dialled d;
    d.find({address(1), address(2), address(3)});
    d.world.run_for(1s);
    ASSERT_EQ(d.targets(), (std::vector{address(1), address(2), address(3)}));
    for (const std::size_t i : {1U, 2U}) {
        EXPECT_GE(d.dials[i].at - d.dials[i - 1].at, kDialStagger);
        EXPECT_LE(d.dials[i].at - d.dials[i - 1].at, kDialStagger + 2ms);
    }
}

TEST(PeerDialer, DoesNotWaitForTheNextAddressWhenOneFails) {
    Dialled d;
    d.find({address(1), address(2)});
    d.act([&] { d.dialer.on_failed(LinkId(1)); });
    EXPECT_EQ(d.targets(), (std::vector{address(1), address(2)}));
}

TEST(PeerDialer, GivesUpTheOthersWhenOneIsUp) {
    Dialled d;
    d.find({address(1), address(2), address(3)});
    d.world.run_for(60ms);
    ASSERT_EQ(d.dials.size(), 2U);
    d.act([&] { d.dialer.on_up(LinkId(2)); });
    d.world.run_for(1s);
    EXPECT_EQ(d.given_up, std::vector{LinkId(1)});
    EXPECT_EQ(d.dials.size(), 2U) << "the third is not dialled any more";
    EXPECT_EQ(d.dialer.state(), PeerDialer::State::Linked);
}

TEST(PeerDialer, BeginsWithTheAddressThatWorkedLastTime) {
    Dialled d;
    d.find({address(1), address(2)});
    d.world.run_for(60ms);
    d.act([&] {
        d.dialer.on_up(LinkId(2));
        d.dialer.on_down(1min, std::nullopt);
    });
    ASSERT_TRUE(d.world.run_until([&] { return d.resolved.size() == 2; }, 1s));
    d.find({address(1), address(2)});
    EXPECT_EQ(d.dials.back().to, address(2));
}

TEST(PeerDialer, WaitsLongerFromRoundToRoundAndNeverGivesUp) {
    Dialled d;
    Duration last = Duration::zero();
    for (int round = 1; round <= 12; ++round) {
        d.find({address(1)});
        d.fail_all();
        const Instant from = d.world.now();
        const std::size_t before = d.resolved.size();
        ASSERT_TRUE(d.world.run_until([&] { return d.resolved.size() > before; }, 10s));
        const Duration waited = d.world.now() - from;
        const Duration even =
            std::min<Duration>(kDialBackoffMin * (1 << (round - 1)), kDialBackoffMax);
        EXPECT_GE(waited, even * 3 / 4 - 2ms) << round;
        EXPECT_LE(waited, even * 5 / 4 + 2ms) << round;
        last = waited;
    }
    EXPECT_GT(last, 3s);
    EXPECT_EQ(d.dialer.failed_rounds(), 12U);
}

TEST(PeerDialer, BeginsWithAShortWaitAfterALinkThatLasted) {
    Dialled d;
    for (int round = 0; round < 6; ++round) {
        d.find({address(1)});
        const LinkId link = d.dials.back().link;
        d.act([&] {
            d.dialer.on_up(link);
            d.dialer.on_down(kLinkProven - 1ms, std::nullopt);
        });
        const std::size_t before = d.resolved.size();
        ASSERT_TRUE(d.world.run_until([&] { return d.resolved.size() > before; }, 10s));
    }
    EXPECT_EQ(d.dialer.failed_rounds(), 6U) << "links that do not last are no success";
    d.find({address(1)});
    const LinkId link = d.dials.back().link;
    const std::size_t before = d.resolved.size();
    d.act([&] {
        d.dialer.on_up(link);
        d.dialer.on_down(kLinkProven, std::nullopt);
    });
    EXPECT_TRUE(d.world.run_until([&] { return d.resolved.size() > before; }, 130ms));
}

TEST(PeerDialer, ResolvesAgainWhenANameHasNoAddress) {
    Dialled d;
    d.act([&] { d.dialer.on_resolved(fail(ErrorKind::NotFound, "nobody")); });
    EXPECT_EQ(d.dialer.state(), PeerDialer::State::Waiting);
    EXPECT_TRUE(d.world.run_until([&] { return d.resolved.size() == 2; }, 1s));
    d.find({});
    EXPECT_TRUE(d.world.run_until([&] { return d.resolved.size() == 3; }, 1s));
}

TEST(PeerDialer, WaitsWhenItCannotEvenBeginToDial) {
    Dialled d;
    d.refuses_to_dial = true;
    d.find({address(1), address(2)});
    EXPECT_EQ(d.dialer.state(), PeerDialer::State::Waiting);
    EXPECT_TRUE(d.world.run_until([&] { return d.resolved.size() == 2; }, 1s));
}

TEST(PeerDialer, LeavesOutItsOwnAddressForGood) {
    Dialled d;
    d.find({address(1), address(2)});
    d.act([&] { d.dialer.on_own_address(LinkId(1)); });
    ASSERT_EQ(d.dials.size(), 2U) << "the other one at once";
    d.act([&] { d.dialer.on_failed(LinkId(2)); });
    ASSERT_TRUE(d.world.run_until([&] { return d.resolved.size() == 2; }, 1s));
    d.find({address(1)});
    EXPECT_EQ(d.dialer.state(), PeerDialer::State::Own);
    d.world.run_for(1min);
    EXPECT_EQ(d.dials.size(), 2U);
}

TEST(PeerDialer, LeavesThePeerToATwinUntilThatEnds) {
    Dialled d;
    d.find({address(1)});
    d.act([&] {
        d.dialer.on_up(LinkId(1));
        d.dialer.on_down(1s, LinkId(9));
    });
    d.world.run_for(1min);
    EXPECT_EQ(d.dialer.state(), PeerDialer::State::Elsewhere);
    d.act([&] { d.dialer.on_link_gone(LinkId(8)); });
    d.world.run_for(1min);
    EXPECT_EQ(d.resolved.size(), 1U);
    d.act([&] { d.dialer.on_link_gone(LinkId(9)); });
    EXPECT_TRUE(d.world.run_until([&] { return d.resolved.size() == 2; }, 130ms));
}

TEST(PeerDialer, StopsForGood) {
    Dialled d;
    d.find({address(1), address(2)});
    d.act([&] { d.dialer.stop(); });
    EXPECT_EQ(d.given_up, std::vector{LinkId(1)});
    d.act([&] { d.dialer.on_resolved(std::vector{address(1)}); });
    d.world.run_for(1min);
    EXPECT_EQ(d.dials.size(), 1U);
}

}  // namespace
}  // namespace kith::mesh
