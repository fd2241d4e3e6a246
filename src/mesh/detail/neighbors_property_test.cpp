// Two nodes and whatever may happen to the wires between them; in the end both ends agree.
#include <gtest/gtest.h>

#include "mesh/limits.h"
#include "mesh/testing/neighborhood.h"

namespace kith::mesh {
namespace {

using testing::Neighborhood;
using testing::Pair;
using testing::Way;
using Node = Neighborhood::Node;

constexpr int kTroublesPerSeed = 30;
/// Longer than any link takes to be noticed as down and to come up again.
constexpr Duration kCalm = 4s + 2 * kStallPatienceMax;

Way random_way(Random& random) {
    return {.delay = random.between(50us, 40ms),
            .jitter = random.chance(0.5) ? random.between(0ms, 60ms) : Duration(0ms),
            .loss = random.chance(0.5) ? random.unit() * 0.6 : 0.0,
            .repeat = random.chance(0.3) ? random.unit() : 0.0,
            .is_cut = random.chance(0.2),
            .keeps_order = random.chance(0.5)};
}

/// What a listener may see of one neighbour: up, then suspect and cleared in turn, then down.
void expect_sensible(const Node& node) {
    bool is_up = false;
    bool is_suspect = false;
    for (const Neighborhood::Change& change : node.changes) {
        EXPECT_EQ(change.change == NeighborChange::Up, !is_up);
        EXPECT_FALSE(change.change == NeighborChange::Suspect && is_suspect);
        EXPECT_FALSE(change.change == NeighborChange::Cleared && !is_suspect);
        is_up = change.change != NeighborChange::Down;
        is_suspect = change.change == NeighborChange::Suspect;
    }
    EXPECT_EQ(is_up, !node.neighbors.up().empty());
    if (is_up) {
        EXPECT_EQ(is_suspect, node.neighbors.up()[0].is_suspect);
    }
}

class NeighborsProperty : public ::testing::TestWithParam<std::uint64_t> {
  protected:
    /// As a host does that loses a connection.
    void redial() {
        if (!pair_.world.has_open_wire(pair_.a, pair_.b)) {
            wire_ = &pair_.world.connect(pair_.a, pair_.b, random_way(random_));
        }
    }
    void make_trouble() {
        wire_->ways[0] = random_way(random_);
        wire_->ways[1] = random_way(random_);
        if (random_.chance(0.1)) {
            pair_.world.freeze(random_.chance(0.5) ? pair_.a : pair_.b, random_.between(10ms, 15s));
        }
        pair_.a.timer_lateness = random_.chance(0.2) ? random_.between(0ms, 300ms) : Duration(0ms);
        pair_.world.be_quiet();
        if (random_.chance(0.6)) {
            pair_.world.chatter(pair_.a, pair_.b, random_.between(1ms, 800ms));
        }
        if (random_.chance(0.3)) {
            pair_.world.chatter(pair_.b, pair_.a, random_.between(1ms, 800ms));
        }
        pair_.world.run_for(random_.between(1ms, 3s));
        redial();
    }

    Random random_{GetParam()};
    Pair pair_{Timing::normal(), {}, GetParam()};
    Neighborhood::Wire* wire_ = &pair_.wire;
};

TEST_P(NeighborsProperty, BothEndsAgreeWhenTroubleIsOver) {
    for (int i = 0; i < kTroublesPerSeed; ++i) {
        make_trouble();
        expect_sensible(pair_.a);
        expect_sensible(pair_.b);
    }
    // What is left: both ways open, one of them, or none; nobody asleep.
    pair_.a.timer_lateness = {};
    pair_.world.run_for(15s);
    redial();
    const bool is_open[2] = {random_.chance(0.7), random_.chance(0.7)};
    wire_->ways[0] = {.is_cut = !is_open[0]};
    wire_->ways[1] = {.is_cut = !is_open[1]};
    pair_.world.run_for(kCalm);

    const bool should_be_up = is_open[0] && is_open[1];
    EXPECT_EQ(pair_.a.is_up(pair_.b.id), should_be_up);
    EXPECT_EQ(pair_.b.is_up(pair_.a.id), should_be_up);
    expect_sensible(pair_.a);
    expect_sensible(pair_.b);
    if (should_be_up) {
        pair_.world.run_for(10s);
        EXPECT_FALSE(pair_.a.neighbors.up()[0].is_suspect);
        EXPECT_FALSE(pair_.b.neighbors.up()[0].is_suspect);
    }
}

TEST_P(NeighborsProperty, TheSameSeedSaysTheSameBytes) {
    std::uint64_t bytes[2] = {};
    for (std::uint64_t& sum : bytes) {
        Pair pair(Timing::normal(), {.jitter = 20ms, .loss = 0.2, .keeps_order = false},
                  GetParam());
        pair.world.chatter(pair.a, pair.b, 70ms);
        pair.world.run_for(10s);
        sum = pair.a.bytes_sent * 1'000'003 + pair.b.bytes_sent;
    }
    EXPECT_EQ(bytes[0], bytes[1]);
}

// Whatever a neighbour says, with numbers from anywhere: nothing overflows, timers advance, and no
// frame of its makes this node send more than one.
TEST_P(NeighborsProperty, ANeighborThatTalksNonsenseDoesNoHarm) {
    Node& node = pair_.a;
    const auto number = [this] {
        return random_.next() >> (1 + random_.below(63));  // of any size that a varint has
    };
    std::uint32_t sequence = 0;
    Instant now = pair_.world.now();
    for (int i = 0; i < 2000; ++i) {
        now = now + random_.between(0ms, 400ms);
        if (node.neighbors.deadline() <= now) {
            node.neighbors.on_timer(now);
            ASSERT_GT(node.neighbors.deadline(), now);
        }
        const std::uint64_t sent = node.hellos_sent;
        Hello hello;
        hello.sequence = random_.chance(0.5) ? ++sequence : static_cast<std::uint32_t>(number());
        hello.wants_answer = random_.chance(0.5);
        hello.is_answer = random_.chance(0.5);
        hello.interval_ms = static_cast<std::uint16_t>(number());
        hello.sent_at_us = number();
        hello.echo_sent_at_us =
            random_.chance(0.5) ? static_cast<std::uint64_t>(now.ns() / 1000) + 1 : number();
        hello.echo_held_us = static_cast<std::uint32_t>(number());
        hello.received_frames = static_cast<std::uint32_t>(number());
        hello.heard_of_last_16 = static_cast<std::uint16_t>(number());
        node.neighbors.on_heard(pair_.link(), now);
        node.neighbors.on_hello(pair_.link(), hello, now);
        EXPECT_LE(node.hellos_sent, sent + 1);
        node.neighbors.on_receipt(pair_.link(),
                                  {.received_frames = static_cast<std::uint32_t>(number())}, now);
        node.neighbors.on_countable(pair_.link(), Traffic::Messages, now);
        const std::vector<std::uint8_t> message(8);
        node.neighbors.send(pair_.b.id, Priority::Default, message, {}, now);
    }
    expect_sensible(node);
}

INSTANTIATE_TEST_SUITE_P(Seeds, NeighborsProperty, ::testing::Range<std::uint64_t>(1, 101));

}  // namespace
}  // namespace kith::mesh
