#include "mesh/detail/link.h"

#include <gtest/gtest.h>

#include "mesh/limits.h"

namespace kith::mesh {
namespace {

constexpr Duration kInterval = 500ms;

/// One end of a link; the other is what the test says.
struct Rig {
    Rig() { link.promise(kInterval); }

    Hello say(HelloKind kind = HelloKind::Regular) { return link.next_hello(kind, {}, now); }
    /// A hello of the other end that has heard `heard`, all of the last 16.
    Link::News hear(const Hello& heard, std::uint32_t received_frames = 0) {
        return link.on_hello(answer_to(heard, received_frames), now);
    }
    Hello answer_to(const Hello& heard, std::uint32_t received_frames = 0) {
        Hello hello;
        hello.sequence = ++peer_sequence;
        hello.interval_ms = static_cast<std::uint16_t>(to_ms(kInterval));
        hello.sent_at_us = 1'000'000 + peer_sequence;
        hello.echo_sent_at_us = heard.sent_at_us;
        hello.received_frames = received_frames;
        hello.heard_of_last_16 = 0xFFFF;
        return hello;
    }
    void come_up() {
        hear(say());
        ASSERT_TRUE(link.is_up());
    }
    [[nodiscard]] bool waits() const { return link.receipt_overdue_at(1) != Instant::never(); }

    Instant now = Instant() + 1h;
    Link link{LinkId(1), 0, now};
    std::uint32_t peer_sequence = 0;
};

TEST(Link, IsUpWhenItsHelloIsEchoed) {
    Rig rig;
    EXPECT_EQ(rig.hear({}), Link::News::First);
    EXPECT_TRUE(rig.link.is_hearing());
    EXPECT_FALSE(rig.link.is_up());
    EXPECT_EQ(rig.hear(rig.say()), Link::News::Newer);
    EXPECT_TRUE(rig.link.is_up());
}

TEST(Link, AnEchoOfWhatWasNeverSentIsNone) {
    Rig rig;
    Hello forged = rig.say();
    forged.sent_at_us += 1;
    rig.hear(forged);
    EXPECT_FALSE(rig.link.is_up());
}

TEST(Link, AnEchoOfWhatWasSentLongAgoIsNone) {
    Rig rig;
    const Hello old = rig.say();
    for (std::size_t i = 0; i < kHellosRemembered; ++i) {
        rig.now = rig.now + 1ms;
        (void)rig.say();
    }
    rig.hear(old);
    EXPECT_FALSE(rig.link.is_up());
}

TEST(Link, IsDownAgainWhenThePeerHearsItNoMore) {
    Rig rig;
    rig.come_up();
    rig.hear({});
    EXPECT_FALSE(rig.link.is_up());
    EXPECT_TRUE(rig.link.is_hearing());
}

TEST(Link, OvertakenAndRepeatedHellosChangeNothing) {
    Rig rig;
    Hello early = rig.answer_to({});
    rig.come_up();
    EXPECT_EQ(rig.link.on_hello(early, rig.now), Link::News::Old);
    EXPECT_TRUE(rig.link.is_up());
    const Hello again = rig.answer_to(rig.say());
    EXPECT_EQ(rig.link.on_hello(again, rig.now), Link::News::Newer);
    EXPECT_EQ(rig.link.on_hello(again, rig.now), Link::News::Old);
}

TEST(Link, SequencesGoOnBeyond32Bits) {
    Rig rig;
    rig.peer_sequence = UINT32_MAX - 1;
    rig.come_up();
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(rig.hear(rig.say()), Link::News::Newer);
    }
    EXPECT_EQ(rig.say().heard_of_last_16, 0xFFFF);
}

TEST(Link, TellsWhichOfTheLast16HellosItHeard) {
    Rig rig;
    rig.come_up();
    EXPECT_EQ(rig.say().heard_of_last_16, 0xFFFF) << "what came before the first is no loss";
    ++rig.peer_sequence;
    rig.hear({});
    EXPECT_EQ(rig.say().heard_of_last_16, 0b1111111111111101);
    rig.peer_sequence += 2;
    rig.hear({});
    EXPECT_EQ(rig.say().heard_of_last_16, 0b1111111111101001);
    Hello late = rig.answer_to({});
    late.sequence = rig.peer_sequence - 3;
    EXPECT_EQ(rig.link.on_hello(late, rig.now), Link::News::Old);
    EXPECT_EQ(rig.say().heard_of_last_16, 0b1111111111101101) << "late, but not lost";
    rig.peer_sequence += 16;
    rig.hear({});
    EXPECT_EQ(rig.say().heard_of_last_16, 1);
}

TEST(Link, EchoesTheNewestHelloAndHowLongItWasHeld) {
    Rig rig;
    EXPECT_EQ(rig.say().echo_sent_at_us, 0U);
    rig.hear({});
    rig.now = rig.now + 123us;
    const Hello hello = rig.say();
    EXPECT_EQ(hello.echo_sent_at_us, 1'000'000U + rig.peer_sequence);
    EXPECT_EQ(hello.echo_held_us, 123U);
    EXPECT_EQ(hello.interval_ms, 500);
}

TEST(Link, MeasuresTheRoundTripWithoutTheTimeThatItWasHeld) {
    Rig rig;
    const Hello sent = rig.say();
    rig.now = rig.now + 30ms;
    Hello echo = rig.answer_to(sent);
    echo.echo_held_us = 20'000;
    rig.link.on_hello(echo, rig.now);
    EXPECT_EQ(rig.link.round_trip().smoothed(), 10ms);
}

TEST(Link, WhoClaimsToHaveHeldAHelloLongerThanItWasAwayIsNotBelieved) {
    Rig rig;
    const Hello sent = rig.say();
    rig.now = rig.now + 30ms;
    Hello echo = rig.answer_to(sent);
    echo.echo_held_us = 40'000;
    rig.link.on_hello(echo, rig.now);
    EXPECT_TRUE(rig.link.is_up());
    EXPECT_FALSE(rig.link.round_trip().is_known());
}

TEST(Link, FallsSilentAfter3Point2OfThePromisedIntervals) {
    Rig rig;
    EXPECT_EQ(rig.link.silent_at(1), Instant::never());
    rig.come_up();
    EXPECT_EQ(rig.link.silent_at(1) - rig.now, 1600ms);
    EXPECT_EQ(rig.link.silent_at(2) - rig.now, 3200ms);
    rig.now = rig.now + 1s;
    rig.link.on_heard(Link::Slept::No, rig.now);
    EXPECT_EQ(rig.link.silent_at(1) - rig.now, 1600ms);
    rig.link.fall_silent();
    EXPECT_FALSE(rig.link.is_up());
    EXPECT_EQ(rig.say().echo_sent_at_us, 0U) << "says that it hears nothing";
}

TEST(Link, OneThatStallsAndSpeaksAgainIsGivenMoreTime) {
    Rig rig;
    rig.come_up();
    const Duration usual = rig.link.silent_at(1) - rig.now;
    rig.now = rig.now + 2 * kInterval + 400ms;
    rig.link.on_heard(Link::Slept::No, rig.now);
    EXPECT_EQ(rig.link.silent_at(1), rig.now + usual + 800ms);
}

TEST(Link, ALateHelloIsNoStall) {
    Rig rig;
    rig.come_up();
    const Duration usual = rig.link.silent_at(1) - rig.now;
    rig.now = rig.now + 2 * kInterval;
    rig.link.on_heard(Link::Slept::No, rig.now);
    EXPECT_EQ(rig.link.silent_at(1), rig.now + usual);
}

TEST(Link, WhatANodeSleptThroughIsNoStall) {
    Rig rig;
    rig.come_up();
    const Duration usual = rig.link.silent_at(1) - rig.now;
    rig.now = rig.now + 10 * kInterval;
    rig.link.on_heard(Link::Slept::Yes, rig.now);
    EXPECT_EQ(rig.link.silent_at(1), rig.now + usual);
}

TEST(Link, APromiseOfNoTimeAtAllIsNotTakenAtItsWord) {
    Rig rig;
    Hello hasty = rig.answer_to(rig.say());
    hasty.interval_ms = 0;
    rig.link.on_hello(hasty, rig.now);
    EXPECT_GT(rig.link.silent_at(1), rig.now);
}

TEST(Link, AfterASilenceOnlyANewEchoBringsItUp) {
    Rig rig;
    rig.come_up();
    const Hello before = rig.say();
    rig.link.fall_silent();
    EXPECT_EQ(rig.hear(before), Link::News::First);
    EXPECT_FALSE(rig.link.is_up());
    rig.now = rig.now + 1ms;
    rig.hear(rig.say());
    EXPECT_TRUE(rig.link.is_up());
}

// Receipts.

TEST(Link, WaitsForAReceiptFromTheFirstFrameOn) {
    Rig rig;
    rig.come_up();
    EXPECT_FALSE(rig.waits());
    rig.now = rig.now + 1s;
    rig.link.count_sent(rig.now);
    EXPECT_EQ(rig.link.receipt_overdue_at(1) - rig.now, kReceiptPatienceMin);
    EXPECT_EQ(rig.link.receipt_overdue_at(2) - rig.now, 2 * kReceiptPatienceMin);
    rig.link.count_sent(rig.now + 10ms);
    EXPECT_EQ(rig.link.receipt_overdue_at(1) - rig.now, kReceiptPatienceMin);
    rig.link.on_receipt({.received_frames = 1});
    EXPECT_TRUE(rig.waits());
    rig.link.on_receipt({.received_frames = 2});
    EXPECT_FALSE(rig.waits());
}

TEST(Link, AReceiptInAHelloCounts) {
    Rig rig;
    rig.come_up();
    rig.link.count_sent(rig.now);
    rig.hear({}, 1);
    rig.hear(rig.say(), 1);
    EXPECT_FALSE(rig.waits());
}

TEST(Link, OldReceiptsChangeNothing) {
    Rig rig;
    rig.come_up();
    rig.link.count_sent(rig.now);
    rig.link.count_sent(rig.now);
    rig.link.on_receipt({.received_frames = 2});
    rig.link.on_receipt({.received_frames = 1});
    EXPECT_FALSE(rig.waits());
}

TEST(Link, FramesBeforeAnEchoedHelloAreNotWaitedFor) {
    Rig rig;
    rig.come_up();
    rig.link.count_sent(rig.now);
    rig.link.count_sent(rig.now);
    rig.now = rig.now + 1ms;
    const Hello behind = rig.say();
    rig.link.count_sent(rig.now);
    rig.hear(behind, 0);
    EXPECT_TRUE(rig.waits()) << "the third frame left after the hello";
    rig.link.on_receipt({.received_frames = 1});
    EXPECT_FALSE(rig.waits()) << "two were lost, the third came";
}

// The hello overtook them: control goes first.
TEST(Link, FramesThatWereBelievedLostMayStillCome) {
    Rig rig;
    rig.come_up();
    rig.link.count_sent(rig.now);
    rig.link.count_sent(rig.now);
    rig.now = rig.now + 1ms;
    rig.hear(rig.say(), 0);
    rig.link.on_receipt({.received_frames = 2});
    rig.link.count_sent(rig.now);
    EXPECT_TRUE(rig.waits());
    rig.link.on_receipt({.received_frames = 3});
    EXPECT_FALSE(rig.waits());
}

TEST(Link, CountsModulo32Bits) {
    Rig rig;
    rig.come_up();
    // The neighbour has counted nearly 2^32 frames: more than were sent, for all the link knows.
    const std::uint32_t nearly_all = UINT32_MAX - 2;
    rig.hear(rig.say(), nearly_all);
    for (int i = 0; i < 10; ++i) {
        rig.link.count_sent(rig.now);
    }
    rig.link.on_receipt({.received_frames = nearly_all + 9});
    EXPECT_TRUE(rig.waits());
    rig.link.on_receipt({.received_frames = nearly_all + 10});
    EXPECT_FALSE(rig.waits());
}

TEST(Link, OwesAReceiptForWhatCame) {
    Rig rig;
    rig.come_up();
    EXPECT_EQ(rig.link.receipt_due(), Instant::never());
    rig.link.count_received(rig.now);
    rig.link.count_received(rig.now + 3ms);
    EXPECT_EQ(rig.link.receipt_due() - rig.now, kReceiptDelay);
    EXPECT_EQ(rig.link.take_receipt().received_frames, 2U);
    EXPECT_EQ(rig.link.receipt_due(), Instant::never());
}

TEST(Link, AHelloIsAReceiptToo) {
    Rig rig;
    rig.come_up();
    rig.link.count_received(rig.now);
    EXPECT_EQ(rig.say().received_frames, 1U);
    EXPECT_EQ(rig.link.receipt_due(), Instant::never());
}

TEST(Link, IsActiveForASecondAfterDataInEitherDirection) {
    Rig rig;
    rig.come_up();
    EXPECT_FALSE(rig.link.is_active(rig.now));
    rig.link.use(rig.now);
    EXPECT_TRUE(rig.link.is_active(rig.now + 999ms));
    EXPECT_FALSE(rig.link.is_active(rig.now + kActiveFor));
    rig.link.use(rig.now + 5s);
    EXPECT_TRUE(rig.link.is_active(rig.now + 5999ms));
}

// Sleep.

TEST(Link, TimeThatThisNodeSleptIsNoSilence) {
    Rig rig;
    rig.come_up();
    const Instant silent_at = rig.link.silent_at(1);
    rig.link.forgive(50ms, Link::Grace::No, rig.now + 1s);
    EXPECT_EQ(rig.link.silent_at(1) - silent_at, 50ms);
}

TEST(Link, GraceIsOneIntervalOnceInASilence) {
    Rig rig;
    rig.come_up();
    rig.now = rig.now + 1500ms;
    rig.link.forgive(200ms, Link::Grace::Yes, rig.now);
    EXPECT_EQ(rig.link.silent_at(1) - rig.now, kInterval);
    rig.now = rig.now + 450ms;
    rig.link.forgive(200ms, Link::Grace::Yes, rig.now);
    EXPECT_EQ(rig.link.silent_at(1) - rig.now, 250ms) << "only what was slept";
}

TEST(Link, ForgivingNeverPutsSilenceIntoTheFuture) {
    Rig rig;
    rig.come_up();
    rig.link.forgive(1h, Link::Grace::Yes, rig.now + 1s);
    EXPECT_EQ(rig.link.quiet_since(), rig.now + 1s);
}

TEST(Link, WhatIsMissedDuringASleepGetsFullPatience) {
    Rig rig;
    rig.come_up();
    rig.link.count_sent(rig.now);
    rig.now = rig.now + 10s;
    rig.link.forgive(9s, Link::Grace::Yes, rig.now);
    EXPECT_EQ(rig.link.receipt_overdue_at(1) - rig.now, kReceiptPatienceMin);
}

TEST(Link, ARoundTripThroughASleepIsNotMeasured) {
    Rig rig;
    rig.come_up();
    rig.now = rig.now + 1ms;
    const Hello before = rig.say();
    rig.now = rig.now + 10s;
    rig.link.forgive(9s, Link::Grace::Yes, rig.now);
    const Duration known = rig.link.round_trip().smoothed();
    rig.hear(before);
    EXPECT_EQ(rig.link.round_trip().smoothed(), known);
}

}  // namespace
}  // namespace kith::mesh
