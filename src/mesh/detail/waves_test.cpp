#include "mesh/detail/waves.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "mesh/limits.h"

namespace kith::mesh {
namespace {

constexpr NodeId kSelf(100);
constexpr NodeId kA(1);
constexpr NodeId kB(2);
constexpr NodeId kC(3);
constexpr NodeId kFar(50);  // initiates, behind a neighbour
constexpr Instant kStart = Instant::from_ns(1'000'000'000);

RecordVersion interest(NodeId origin, std::uint32_t counter, std::uint16_t part = 0) {
    return {.key = {.origin = origin, .kind = RecordKind::Interest, .part = part},
            .version = {.epoch = 1, .counter = counter}};
}

class WavesTest : public ::testing::Test, public WaveListener {
  protected:
    struct Sent {
        NodeId neighbor;
        Echo echo;
    };

    void meet(std::initializer_list<NodeId> neighbors) {
        for (const NodeId neighbor : neighbors) {
            waves.on_neighbor_up(neighbor, now);
        }
    }
    static Echo wave_of(NodeId initiator, std::uint32_t wave, RecordVersions wanted) {
        return {.initiator = initiator,
                .epoch = 1,
                .wave = wave,
                .wanted = std::move(wanted),
                .is_complete = true};
    }
    static Echo answer_to(const Echo& echo, bool is_complete = true) {
        Echo answer = echo;
        answer.wanted.clear();
        answer.is_complete = is_complete;
        return answer;
    }
    void install(const RecordVersion& record) {
        installed[record.key] = record.version;
        waves.on_record(record.key, now);
    }
    std::vector<Sent> take_sent() { return std::exchange(sent, {}); }
    std::vector<NodeId> take_receivers() {
        std::vector<NodeId> receivers;
        for (const Sent& one : take_sent()) {
            receivers.push_back(one.neighbor);
        }
        return receivers;
    }
    void advance(Duration duration) {
        now = now + duration;
        waves.on_timer(now);
    }

    void send_echo(NodeId neighbor, const Echo& echo, Instant) override {
        sent.push_back({neighbor, echo});
    }
    [[nodiscard]] bool has_record(const RecordVersion& record) const override {
        const auto found = installed.find(record.key);
        return found != installed.end() && found->second >= record.version;
    }
    void on_barrier(std::uint64_t token, bool is_complete) override {
        barriers[token] = is_complete;
    }

    MeshOptions options = [] {
        MeshOptions made;
        made.self = kSelf;
        return made;
    }();
    Instant now = kStart;
    std::vector<Sent> sent;
    std::map<std::uint64_t, bool> barriers;
    std::map<RecordKey, Version> installed;
    Waves waves{options, *this};
};

using Nodes = std::vector<NodeId>;

TEST_F(WavesTest, ABarrierAloneIsCompleteAtOnce) {
    waves.begin(7, {interest(kSelf, 1)}, now);
    EXPECT_EQ(barriers, (std::map<std::uint64_t, bool>{{7, true}}));
}

TEST_F(WavesTest, ABarrierForNothingIsCompleteAtOnce) {
    meet({kA});
    waves.begin(7, {}, now);
    EXPECT_TRUE(barriers.at(7));
    EXPECT_TRUE(sent.empty());
}

TEST_F(WavesTest, ABarrierIsCompleteWhenAllNeighborsHaveAnswered) {
    meet({kB, kA});
    waves.begin(7, {interest(kSelf, 1)}, now);
    const std::vector<Sent> asked = take_sent();
    ASSERT_EQ(asked.size(), 2U);
    EXPECT_EQ(asked[0].neighbor, kA);
    EXPECT_EQ(asked[1].neighbor, kB);
    EXPECT_EQ(asked[0].echo.initiator, kSelf);
    EXPECT_EQ(asked[0].echo.wanted, (RecordVersions{interest(kSelf, 1)}));

    waves.on_echo(kA, answer_to(asked[0].echo), now);
    waves.on_echo(kA, answer_to(asked[0].echo), now);  // again: harmless
    EXPECT_TRUE(barriers.empty());
    waves.on_echo(kB, answer_to(asked[0].echo), now);
    EXPECT_TRUE(barriers.at(7));
    EXPECT_TRUE(sent.empty());
}

TEST_F(WavesTest, AnIncompleteAnswerMakesTheBarrierIncomplete) {
    meet({kA});
    waves.begin(7, {interest(kSelf, 1)}, now);
    waves.on_echo(kA, answer_to(take_sent()[0].echo, false), now);
    EXPECT_FALSE(barriers.at(7));
}

TEST_F(WavesTest, ANeighborThatGoesBeforeItAnswersMakesTheBarrierIncomplete) {
    meet({kA, kB});
    waves.begin(7, {interest(kSelf, 1)}, now);
    const Echo echo = take_sent()[0].echo;
    waves.on_neighbor_down(kA, now);
    EXPECT_TRUE(barriers.empty());
    waves.on_echo(kB, answer_to(echo), now);
    EXPECT_FALSE(barriers.at(7));
}

TEST_F(WavesTest, ANeighborThatGoesAfterItAnsweredDoesNotMatter) {
    meet({kA, kB});
    waves.begin(7, {interest(kSelf, 1)}, now);
    const Echo echo = take_sent()[0].echo;
    waves.on_echo(kA, answer_to(echo), now);
    waves.on_neighbor_down(kA, now);
    waves.on_echo(kB, answer_to(echo), now);
    EXPECT_TRUE(barriers.at(7));
}

TEST_F(WavesTest, ANeighborThatComesInBetweenIsNotWaitedFor) {
    meet({kA});
    waves.begin(7, {interest(kSelf, 1)}, now);
    const Echo echo = take_sent()[0].echo;
    meet({kB});
    waves.on_echo(kA, answer_to(echo), now);
    EXPECT_TRUE(barriers.at(7));
}

TEST_F(WavesTest, ABarrierEndsIncompleteAfterItsTimeout) {
    meet({kA});
    waves.begin(7, {interest(kSelf, 1)}, now);
    EXPECT_EQ(waves.deadline(), now + kBarrierTimeout / 2);  // to ask again
    advance(kBarrierTimeout / 2);
    EXPECT_EQ(waves.deadline(), now + kBarrierTimeout / 2);
    advance(kBarrierTimeout / 2 - 1ns);
    EXPECT_TRUE(barriers.empty());
    advance(1ns);
    EXPECT_FALSE(barriers.at(7));

    barriers.clear();
    waves.on_echo(kA, answer_to(take_sent()[0].echo), now);  // late: harmless
    EXPECT_TRUE(barriers.empty());
}

TEST_F(WavesTest, BarriersWithin10MsShareTheNextWave) {
    meet({kA});
    waves.begin(1, {interest(kSelf, 1)}, now);
    advance(3ms);
    waves.begin(2, {interest(kSelf, 2)}, now);
    advance(3ms);
    waves.begin(3, {interest(kSelf, 3), interest(kSelf, 1, 9)}, now);
    ASSERT_EQ(sent.size(), 1U);
    const Echo first = take_sent()[0].echo;
    EXPECT_EQ(waves.deadline(), kStart + kBarrierCoalesce);

    advance(4ms);
    ASSERT_EQ(sent.size(), 1U);
    const Echo second = take_sent()[0].echo;
    EXPECT_EQ(second.wave, first.wave + 1);
    EXPECT_EQ(second.wanted, (RecordVersions{interest(kSelf, 3), interest(kSelf, 1, 9)}));
    waves.on_echo(kA, answer_to(second), now);
    EXPECT_EQ(barriers, (std::map<std::uint64_t, bool>{{2, true}, {3, true}}));
    waves.on_echo(kA, answer_to(first), now);
    EXPECT_TRUE(barriers.at(1));
}

// Goal: the timeout of a barrier that had to wait for its wave counts from when it began.
TEST_F(WavesTest, ATimeoutCountsFromTheBarrierNotFromItsWave) {
    meet({kA});
    waves.begin(1, {interest(kSelf, 1)}, now);
    advance(1ms);
    waves.begin(2, {interest(kSelf, 2)}, now);
    advance(9ms);
    advance(kBarrierTimeout - 9ms - 1ns);
    EXPECT_FALSE(barriers.contains(2));
    advance(1ns);
    EXPECT_FALSE(barriers.at(2));
}

TEST_F(WavesTest, MoreThanAFrameHoldsGoesInTwoWaves) {
    meet({kA});
    waves.begin(1, {interest(kSelf, 1)}, now);
    RecordVersions many;
    for (std::uint16_t part = 0; part < kListEntriesMax; ++part) {
        many.push_back(interest(kSelf, 2, part));
    }
    waves.begin(2, many, now);
    waves.begin(3, {interest(kSelf, 3, 600)}, now);
    advance(kBarrierCoalesce);
    const std::vector<Sent> asked = take_sent();
    ASSERT_EQ(asked.size(), 3U);
    EXPECT_EQ(asked[1].echo.wanted.size(), kListEntriesMax);
    EXPECT_EQ(asked[2].echo.wanted.size(), 1U);
}

TEST_F(WavesTest, AWaveGoesOnToAllOthersAndComesBackWhenTheyAnswered) {
    meet({kA, kB, kC});
    install(interest(kFar, 5));
    const Echo echo = wave_of(kFar, 1, {interest(kFar, 4)});
    waves.on_echo(kB, echo, now);
    EXPECT_EQ(take_receivers(), (Nodes{kA, kC}));
    waves.on_echo(kA, answer_to(echo), now);
    EXPECT_TRUE(sent.empty());
    waves.on_echo(kC, echo, now);  // it heard the wave elsewhere: that is an answer
    const std::vector<Sent> answers = take_sent();
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].neighbor, kB);
    EXPECT_TRUE(answers[0].echo.is_complete);
    EXPECT_TRUE(answers[0].echo.wanted.empty());
}

TEST_F(WavesTest, AWaveWaitsForTheRecordsThatItWants) {
    meet({kA, kB});
    waves.on_echo(kA, wave_of(kFar, 1, {interest(kFar, 4), interest(kFar, 5, 1)}), now);
    EXPECT_TRUE(sent.empty());
    install(interest(kFar, 3));
    install(interest(kFar, 9, 1));
    EXPECT_TRUE(sent.empty());
    install(interest(kFar, 4));
    EXPECT_EQ(take_receivers(), Nodes{kB});
}

TEST_F(WavesTest, WhoWasHeardWhileTheWaveWaitedHasAnsweredAndIsAnswered) {
    meet({kA, kB});
    const Echo echo = wave_of(kFar, 1, {interest(kFar, 4)});
    waves.on_echo(kA, echo, now);
    waves.on_echo(kB, echo, now);
    install(interest(kFar, 4));
    EXPECT_EQ(take_receivers(), (Nodes{kB, kA}));
}

TEST_F(WavesTest, ANeighborThatCameUpSinceIsAnswered) {
    meet({kA, kB});
    install(interest(kFar, 4));
    const Echo echo = wave_of(kFar, 1, {interest(kFar, 4)});
    waves.on_echo(kA, echo, now);
    EXPECT_EQ(take_receivers(), Nodes{kB});
    meet({kC});
    waves.on_echo(kC, echo, now);
    EXPECT_EQ(take_receivers(), Nodes{kC});
    waves.on_echo(kC, echo, now);
    EXPECT_EQ(take_receivers(), Nodes{kC}) << "which asks again";
    waves.on_echo(kB, answer_to(echo), now);
    EXPECT_EQ(take_receivers(), Nodes{kA});
}

TEST_F(WavesTest, ALostNeighborIsToldToTheParent) {
    meet({kA, kB});
    install(interest(kFar, 4));
    waves.on_echo(kA, wave_of(kFar, 1, {interest(kFar, 4)}), now);
    take_sent();
    waves.on_neighbor_down(kB, now);
    const std::vector<Sent> answers = take_sent();
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].neighbor, kA);
    EXPECT_FALSE(answers[0].echo.is_complete);
}

TEST_F(WavesTest, AnIncompleteAnswerIsToldToTheParent) {
    meet({kA, kB});
    install(interest(kFar, 4));
    const Echo echo = wave_of(kFar, 1, {interest(kFar, 4)});
    waves.on_echo(kA, echo, now);
    take_sent();
    waves.on_echo(kB, answer_to(echo, false), now);
    EXPECT_FALSE(take_sent().at(0).echo.is_complete);
}

TEST_F(WavesTest, ALeafAnswersEverybodyAndPassesNothingOn) {
    options.role = NodeRole::Leaf;
    meet({kA, kB, kC});
    install(interest(kFar, 4));
    const Echo echo = wave_of(kFar, 1, {interest(kFar, 4)});
    waves.on_echo(kA, echo, now);
    EXPECT_EQ(take_receivers(), Nodes{kA});
    waves.on_echo(kB, echo, now);
    EXPECT_EQ(take_receivers(), Nodes{kB});
}

TEST_F(WavesTest, ALeafAsksAllForItsOwnBarrier) {
    options.role = NodeRole::Leaf;
    meet({kA, kB});
    waves.begin(1, {interest(kSelf, 1)}, now);
    EXPECT_EQ(take_receivers(), (Nodes{kA, kB}));
}

TEST_F(WavesTest, AWaveOfAnEarlierLifeIsDropped) {
    meet({kA, kB});
    install({.key = interest(kFar, 1).key, .version = {.epoch = 9, .counter = 1}});
    Echo newer = wave_of(kFar, 1, {interest(kFar, 1)});
    newer.epoch = 2;
    waves.on_echo(kA, newer, now);
    EXPECT_EQ(take_receivers(), Nodes{kB});
    waves.on_echo(kA, wave_of(kFar, 7, {interest(kFar, 1)}), now);
    EXPECT_TRUE(sent.empty());

    advance(kBarrierTimeout * 2);  // forgotten, but not that it was
    waves.on_echo(kA, wave_of(kFar, 7, {interest(kFar, 1)}), now);
    EXPECT_TRUE(sent.empty());
}

// Goal: a frame that comes very late does not send a wave round the mesh again.
TEST_F(WavesTest, AForgottenWaveDoesNotComeBack) {
    meet({kA, kB});
    install(interest(kFar, 4));
    const Echo echo = wave_of(kFar, 3, {interest(kFar, 4)});
    waves.on_echo(kA, echo, now);
    take_sent();
    EXPECT_EQ(waves.deadline(), now + kBarrierTimeout / 2);
    advance(kBarrierTimeout * 2);
    EXPECT_EQ(waves.deadline(), Instant::never());
    waves.on_echo(kB, echo, now);
    EXPECT_TRUE(sent.empty());
    waves.on_echo(kB, wave_of(kFar, 4, {interest(kFar, 4)}), now);
    EXPECT_EQ(take_receivers(), Nodes{kA});
}

TEST_F(WavesTest, WhatNoCorrectNodeSendsIsDropped) {
    meet({kA, kB});
    install(interest(kFar, 4));
    install(interest(kC, 4));
    waves.on_echo(kFar, wave_of(kFar, 1, {interest(kFar, 4)}), now);   // no neighbour
    waves.on_echo(kA, wave_of(kFar, 1, {}), now);                      // wants nothing
    waves.on_echo(kA, wave_of(kFar, 1, {interest(kC, 4)}), now);       // of another node
    waves.on_echo(kA, wave_of(kSelf, 99, {interest(kSelf, 1)}), now);  // this node never began it
    EXPECT_TRUE(sent.empty());
    EXPECT_EQ(waves.deadline(), Instant::never());
}

TEST_F(WavesTest, TooManyWavesAreAnsweredIncomplete) {
    meet({kA});
    for (std::uint32_t wave = 1; wave <= kWavesMax; ++wave) {
        waves.on_echo(kA, wave_of(kFar, wave, {interest(kFar, 4)}), now);
    }
    EXPECT_TRUE(sent.empty());
    waves.on_echo(kA, wave_of(kFar, kWavesMax + 1, {interest(kFar, 4)}), now);
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].neighbor, kA);
    EXPECT_FALSE(sent[0].echo.is_complete);
    waves.begin(5, {interest(kSelf, 1)}, now);
    EXPECT_FALSE(barriers.at(5));
}

TEST_F(WavesTest, WavesThatHaveEndedMakeRoom) {
    meet({kA});
    install(interest(kFar, 4));
    for (std::uint32_t wave = 1; wave <= kWavesMax + 10; ++wave) {
        waves.on_echo(kA, wave_of(kFar, wave, {interest(kFar, 4)}), now);
    }
    EXPECT_EQ(sent.size(), kWavesMax + 10);
    EXPECT_TRUE(std::ranges::all_of(sent, [](const Sent& one) { return one.echo.is_complete; }));
}

TEST_F(WavesTest, WhoHasNotAnsweredIsAskedOnceMore) {
    meet({kA, kB});
    waves.begin(7, {interest(kSelf, 1)}, now);
    const std::vector<Sent> asked = take_sent();
    waves.on_echo(kA, answer_to(asked[0].echo), now);
    EXPECT_EQ(waves.deadline(), now + options.barrier_timeout / 2);
    advance(options.barrier_timeout / 2);
    const std::vector<Sent> again = take_sent();
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(again[0].neighbor, kB);
    EXPECT_EQ(again[0].echo.wanted.size(), 1U);
    waves.on_echo(kB, answer_to(again[0].echo), now);
    EXPECT_TRUE(barriers.at(7));
    advance(options.barrier_timeout);
    EXPECT_TRUE(take_sent().empty());
}

TEST_F(WavesTest, AWaveThatAllHaveAnsweredIsNotSentAgain) {
    meet({kA});
    waves.begin(7, {interest(kSelf, 1)}, now);
    waves.on_echo(kA, answer_to(take_sent().at(0).echo), now);
    advance(options.barrier_timeout);
    EXPECT_TRUE(take_sent().empty());
}

TEST_F(WavesTest, AnAnswerThatWasLostIsGivenAgain) {
    meet({kA, kB});
    const Echo wave = wave_of(kFar, 1, {interest(kFar, 1)});
    install(interest(kFar, 1));
    waves.on_echo(kA, wave, now);
    waves.on_echo(kA, wave, now);
    EXPECT_EQ(take_receivers(), Nodes{kB}) << "it has no answer yet";
    waves.on_echo(kB, answer_to(wave, false), now);
    EXPECT_EQ(take_receivers(), Nodes{kA});
    waves.on_echo(kA, wave, now);
    const std::vector<Sent> again = take_sent();
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(again[0].neighbor, kA);
    EXPECT_TRUE(again[0].echo.wanted.empty());
    EXPECT_FALSE(again[0].echo.is_complete) << "and it is the same";
}

TEST_F(WavesTest, TwoThatAskedEachOtherAnswerWhoAsksAgain) {
    meet({kA, kB});
    const Echo wave = wave_of(kFar, 1, {interest(kFar, 1)});
    install(interest(kFar, 1));
    waves.on_echo(kA, wave, now);
    EXPECT_EQ(take_receivers(), Nodes{kB});
    waves.on_echo(kB, wave, now);  // crossed what it was sent
    EXPECT_EQ(take_receivers(), Nodes{kA});
    waves.on_echo(kB, wave, now);  // has not got what it was sent
    const std::vector<Sent> again = take_sent();
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(again[0].neighbor, kB);
    EXPECT_TRUE(again[0].echo.wanted.empty());
    waves.on_echo(kB, answer_to(wave), now);
    EXPECT_TRUE(take_sent().empty()) << "no answer to an answer";
}

}  // namespace
}  // namespace kith::mesh
