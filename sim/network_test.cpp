#include "sim/network.h"

#include <gtest/gtest.h>

#include <set>

#include "sim/testing/stub_world.h"

namespace kith::sim {
namespace {

using testing::StubWorld;

/// Two nodes that note what they hear.
struct Rig : StubWorld {
    explicit Rig(const WireOptions& options, std::uint64_t seed = 1) : StubWorld(2, seed) {
        world.add_wire(0, 1, options);
        run(500ms);
        node(0).notes_frames = node(1).notes_frames = true;
    }
    [[nodiscard]] bool is_linked() {
        return node(0).link_count() == 1 && node(1).link_count() == 1;
    }
};

TEST(Network, CarriesFramesWithItsDelay) {
    Rig rig({.delay_min = 30ms, .delay_max = 30ms});
    rig.node(0).send_all("x");
    rig.run(29ms);
    EXPECT_TRUE(rig.frames(1).empty());
    rig.run(2ms);
    EXPECT_EQ(rig.frames(1), (std::vector<std::string>{"x"}));
}

TEST(Network, TakesTwoRoundTripsForAHandshake) {
    StubWorld rig(2);
    rig.world.add_wire(0, 1, {.delay_min = 50ms, .delay_max = 50ms});
    rig.run(201ms);
    EXPECT_EQ(rig.journal.count("up"), 0);
    rig.run(2ms);
    EXPECT_EQ(rig.journal.count("up"), 2);
}

TEST(Network, KeepsTheOrderOfAStreamWhateverTheDelay) {
    Rig rig({.delay_min = 1ms, .delay_max = 50ms, .loss = LossOptions::bernoulli(0.1)});
    std::vector<std::string> sent;
    for (int i = 0; i < 200; ++i) {
        sent.push_back(std::to_string(i));
        rig.node(0).send_all(sent.back());
        rig.run(3ms);
    }
    rig.run(60s);
    std::vector<std::string> heard = rig.frames(1);
    std::erase_if(heard, [](const std::string& text) { return text.size() == 75; });
    EXPECT_EQ(heard, sent);
}

TEST(Network, HoldsWhatIsBehindALostSegmentForAtLeast200Ms) {
    Rig rig({});
    rig.world.network().set_loss(0, LossOptions::bernoulli(1));
    rig.node(0).send_all("lost");
    rig.world.network().set_loss(0, {});
    rig.node(0).send_all("behind");
    rig.run(199ms);
    EXPECT_TRUE(rig.frames(1).empty());
    rig.run(5ms);
    EXPECT_EQ(rig.frames(1), (std::vector<std::string>{"lost", "behind"}));
}

TEST(Network, LosesDuplicatesAndReordersDatagrams) {
    Rig rig({.model = WireModel::Datagram,
             .delay_min = 1ms,
             .delay_max = 2ms,
             .loss = LossOptions::bernoulli(0.2),
             .duplicate = 0.1,
             .reorder = 0.1});
    for (int i = 0; i < 1000; ++i) {
        rig.node(0).send_all(std::to_string(10'000 + i));
        rig.run(1ms);
    }
    rig.run(1s);
    const std::vector<std::string> heard = rig.frames(1);
    const std::set<std::string> different(heard.begin(), heard.end());
    EXPECT_NEAR(static_cast<double>(different.size()), 800, 60);
    EXPECT_NEAR(static_cast<double>(heard.size()), 880, 80);
    EXPECT_FALSE(std::is_sorted(heard.begin(), heard.end()));
}

TEST(Network, IsSilentAboutACut) {
    Rig rig({.user_timeout = 60s});
    rig.world.network().cut(0, 0);
    rig.world.network().cut(0, 1);
    rig.node(0).send_all("x");
    rig.run(20s);
    EXPECT_EQ(rig.journal.count("down"), 0);
    rig.world.network().uncut(0, 0);
    rig.world.network().uncut(0, 1);
    rig.run(60s);
    EXPECT_EQ(rig.frames(1).at(0), "x") << "a stream goes on where it was";
    EXPECT_EQ(rig.journal.count("up"), 2);
}

TEST(Network, CutsOneDirectionAlone) {
    Rig rig({.user_timeout = 60s});
    rig.world.network().cut(0, 0);
    rig.node(0).send_all("lost");
    rig.node(1).send_all("heard");
    rig.run(100ms);
    EXPECT_TRUE(rig.frames(1).empty());
    EXPECT_EQ(rig.frames(0), (std::vector<std::string>{"heard"}));
}

TEST(Network, GivesUpAStreamThatGetsRidOfNothing) {
    Rig rig({.user_timeout = 1600ms});
    rig.world.network().cut(0, 0);
    rig.node(0).send_all("x");
    rig.run(1601ms);
    EXPECT_EQ(rig.node(0).link_count(), 0);
    rig.world.network().uncut(0, 0);
    rig.run(10s);
    EXPECT_TRUE(rig.is_linked()) << "and dials again";
}

TEST(Network, GivesUpAStreamThatHearsNoAcknowledgement) {
    Rig rig({.user_timeout = 1600ms});
    rig.world.network().cut(0, 1);
    rig.run(100ms);
    rig.node(0).send_all("heard");
    rig.run(1700ms);
    EXPECT_EQ(rig.frames(1).at(0), "heard");
    EXPECT_EQ(rig.node(0).link_count(), 0);
}

TEST(Network, SharesACutAmongThoseWhoHoldIt) {
    Rig rig({.user_timeout = 60s});
    rig.world.network().cut(0, 0);
    rig.world.network().cut(0, 0);
    rig.world.network().uncut(0, 0);
    rig.node(0).send_all("x");
    rig.run(10s);
    EXPECT_TRUE(rig.frames(1).empty());
}

TEST(Network, CarriesWhatIsSentAtOneMomentTogether) {
    Rig rig({});
    const std::uint64_t before = rig.world.network().wire(0).directions[0].counters.frames;
    rig.node(0).send_all("one");
    rig.node(0).send_all("two");
    rig.run(100ms);
    EXPECT_EQ(rig.frames(1), std::vector<std::string>{"onetwo"});
    EXPECT_EQ(rig.world.network().wire(0).directions[0].counters.frames, before + 1);
}

TEST(Network, SendsTheUrgentFirstOverABusyWire) {
    Rig rig({.bytes_per_s = 10'000});
    rig.node(0).send_all(std::string(900, 'a'), mesh::Priority::Bulk);
    rig.node(0).send_all("bulk", mesh::Priority::Bulk);
    rig.node(0).send_all("alarm", mesh::Priority::Alarm);
    rig.run(97ms);
    EXPECT_TRUE(rig.frames(1).empty());
    rig.run(400ms);
    const std::vector<std::string> heard = rig.frames(1);
    ASSERT_EQ(heard.size(), 3);
    EXPECT_EQ(heard[1], "alarm");
    EXPECT_EQ(heard[2], "bulk");
}

TEST(Network, EndsAStreamWhoseQueueIsFull) {
    Rig rig({.bytes_per_s = 1000});
    const std::string large(1U << 20U, 'J');
    for (int i = 0; i < 10; ++i) {
        rig.node(0).send_all(large);
    }
    EXPECT_GT(rig.world.network().wire(0).directions[0].counters.overflows, 0);
    rig.run(2ms);
    EXPECT_EQ(rig.node(0).link_count(), 0);
    rig.run(10s);
    EXPECT_TRUE(rig.is_linked());
}

TEST(Network, TellsTheOtherEndOfAClose) {
    Rig rig({});
    rig.node(0).send_all("before");
    rig.node(0).close_all();
    rig.run(2ms);
    EXPECT_EQ(rig.frames(1), (std::vector<std::string>{"before"}));
    EXPECT_EQ(rig.journal.count("down"), 1) << "not who closed it";
    rig.run(1s);
    EXPECT_TRUE(rig.is_linked());
}

TEST(Network, ClosesALinkThatBringsBadBytes) {
    Rig rig({});
    rig.node(0).send_all("Bad");
    rig.run(5ms);
    EXPECT_EQ(rig.malformed, (std::vector<std::pair<NodeIndex, NodeIndex>>{{1, 0}}));
    EXPECT_EQ(rig.journal.count("down"), 2);
}

TEST(Network, KeepsTheBeginningOfAFrameForTheRestOfIt) {
    Rig rig({});
    rig.node(0).send_all("P1");
    rig.node(0).send_all("23");
    rig.run(5ms);
    EXPECT_EQ(rig.frames(1), (std::vector<std::string>{"P123"}));
}

TEST(Network, CarriesFramesThatDoNotFitAnEvent) {
    Rig rig({});
    const std::string large(5000, 'x');
    rig.node(0).send_all(large);
    rig.run(5ms);
    EXPECT_EQ(rig.frames(1), (std::vector<std::string>{large}));
}

TEST(Network, DialsAgainWithGrowingPauses) {
    StubWorld rig(2);
    rig.world.add_wire(0, 1, {});
    rig.world.kill(1, Death::Process);
    rig.run(60s);
    EXPECT_EQ(rig.journal.count("up"), 0);
    EXPECT_GE(rig.world.network().wire(0).dial_failures, 10);
    EXPECT_LE(rig.world.network().wire(0).dial_failures, 18);
    rig.world.start(1);
    rig.run(10ms);
    EXPECT_EQ(rig.journal.count("up"), 2) << "who starts dials at once";
}

TEST(Network, CountsBytesWithTheHeadersBelow) {
    Rig rig({});
    const WireCounters before = rig.world.network().wire(0).directions[0].counters;
    rig.node(0).send_all("0123456789");
    const WireCounters& after = rig.world.network().wire(0).directions[0].counters;
    EXPECT_EQ(after.frames - before.frames, 1);
    EXPECT_EQ(after.bytes - before.bytes, 10 + kStreamHeaderBytes);
}

}  // namespace
}  // namespace kith::sim
