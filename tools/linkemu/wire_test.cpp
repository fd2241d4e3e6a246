#include "tools/linkemu/wire.h"

#include <vector>

#include <gtest/gtest.h>

namespace kith::linkemu {
namespace {

Instant at(Duration since_start) {
    return Instant() + since_start;
}

/// Which of so many packets leave, one a millisecond.
std::vector<bool> passed(std::uint64_t seed, const WireSettings& settings, int count) {
    Wire wire(seed);
    wire.set(settings);
    std::vector<bool> result;
    for (int i = 0; i < count; ++i) {
        result.push_back(!wire.take(at(i * 1ms), 100).at().empty());
    }
    return result;
}

TEST(Wire, PassesAtOnceByDefault) {
    Wire wire(1);
    const Departures departures = wire.take(at(5ms), 100);
    ASSERT_EQ(departures.at().size(), 1U);
    EXPECT_EQ(departures.at().front(), at(5ms));
    EXPECT_EQ(wire.counters().bytes, 100U);
}

TEST(Wire, LosesTheSamePacketsForTheSameSeed) {
    const WireSettings settings{.loss = 0.2};
    EXPECT_EQ(passed(7, settings, 1000), passed(7, settings, 1000));
    EXPECT_NE(passed(7, settings, 1000), passed(8, settings, 1000));
}

TEST(Wire, LosesTheSamePacketsWhateverElseItDoes) {
    const WireSettings plain{.loss = 0.2};
    const WireSettings busy{
        .delay = 40ms, .jitter = 10ms, .loss = 0.2, .duplicate = 0.1, .reorder = 0.1};
    EXPECT_EQ(passed(7, plain, 1000), passed(7, busy, 1000));
}

TEST(Wire, LosesAboutAsManyAsAsked) {
    Wire wire(3);
    wire.set({.loss = 0.2});
    for (int i = 0; i < 10'000; ++i) {
        (void)wire.take(at(i * 1ms), 100);
    }
    EXPECT_GT(wire.counters().lost, 1800U);
    EXPECT_LT(wire.counters().lost, 2200U);
    EXPECT_EQ(wire.counters().left + wire.counters().lost, 10'000U);
}

TEST(Wire, CutsWithoutShiftingWhatIsLostLater) {
    Wire cut(7);
    Wire whole(7);
    cut.set({.loss = 0.2, .is_cut = true});
    whole.set({.loss = 0.2});
    for (int i = 0; i < 100; ++i) {
        EXPECT_TRUE(cut.take(at(0ms), 100).at().empty());
        (void)whole.take(at(0ms), 100);
    }
    EXPECT_EQ(cut.counters().cut, 100U);
    cut.set({.loss = 0.2});
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(cut.take(at(0ms), 100).at().size(), whole.take(at(0ms), 100).at().size());
    }
}

TEST(Wire, KeepsTheOrderUnderJitter) {
    Wire wire(1);
    wire.set({.delay = 10ms, .jitter = 9ms});
    Instant last;
    for (int i = 0; i < 1000; ++i) {
        const Instant leaves = wire.take(at(i * 100us), 100).at().front();
        EXPECT_GE(leaves, last);
        EXPECT_GE(leaves - at(i * 100us), 1ms);
        last = leaves;
    }
}

TEST(Wire, NeverLeavesBeforeItCame) {
    Wire wire(1);
    wire.set({.delay = 1ms, .jitter = 5ms});
    for (int i = 0; i < 1000; ++i) {
        EXPECT_GE(wire.take(at(i * 20ms), 100).at().front(), at(i * 20ms));
    }
}

TEST(Wire, LateOnesAreOvertaken) {
    Wire wire(1);
    wire.set({.delay = 10ms, .reorder = 1});
    EXPECT_EQ(wire.take(at(0ms), 100).at().front(), at(100ms));
    wire.set({.delay = 10ms});
    EXPECT_EQ(wire.take(at(1ms), 100).at().front(), at(11ms));
    EXPECT_EQ(wire.counters().reordered, 1U);
}

TEST(Wire, DoublesPackets) {
    Wire wire(1);
    wire.set({.duplicate = 1});
    EXPECT_EQ(wire.take(at(0ms), 100).at().size(), 2U);
    EXPECT_EQ(wire.counters().left, 2U);
}

TEST(Wire, SendsOneAfterTheOtherAtItsRate) {
    Wire wire(1);
    wire.set({.bits_per_s = 8'000'000});  // a byte a microsecond
    EXPECT_EQ(wire.take(at(0ms), 1000).at().front(), at(1ms));
    EXPECT_EQ(wire.take(at(0ms), 1000).at().front(), at(2ms));
    EXPECT_EQ(wire.take(at(5ms), 1000).at().front(), at(6ms));
}

TEST(Wire, DropsWhatItsQueueCannotHold) {
    Wire wire(1);
    wire.set({.bits_per_s = 8'000'000, .queue_bytes = 2000});
    EXPECT_EQ(wire.take(at(0ms), 1000).at().size(), 1U);
    EXPECT_EQ(wire.take(at(0ms), 1000).at().size(), 1U);
    EXPECT_TRUE(wire.take(at(0ms), 1000).at().empty());
    EXPECT_EQ(wire.counters().overflowed, 1U);
    EXPECT_EQ(wire.take(at(1ms), 1000).at().size(), 1U);
}

}  // namespace
}  // namespace kith::linkemu
