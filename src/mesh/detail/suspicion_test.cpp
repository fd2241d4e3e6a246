#include "mesh/detail/suspicion.h"

#include <gtest/gtest.h>

#include "mesh/limits.h"

namespace kith::mesh {
namespace {

using Step = Suspicion::Step;

/// Takes all steps in time; returns when it was judged.
struct Rig {
    Step step(SelfDoubt doubt = SelfDoubt::No, Duration late = {}) {
        now = std::max(now, suspicion.next_at() + late);
        return suspicion.take_step(answer_patience, doubt, now);
    }
    void probe_out() {
        for (int i = 0; i < kProbes; ++i) {
            ASSERT_EQ(step(), Step::Probe);
        }
    }

    Suspicion suspicion;
    Duration answer_patience{};
    Instant now = Instant() + 1h;
};

TEST(Suspicion, ProbesThreeTimesThenJudges) {
    Rig rig;
    const Instant start = rig.now;
    rig.suspicion.begin(rig.now);
    rig.probe_out();
    EXPECT_EQ(rig.step(), Step::Judge);
    EXPECT_EQ(rig.now - start, kProbes * kProbeInterval);
    EXPECT_FALSE(rig.suspicion.is_probing());
    EXPECT_EQ(rig.suspicion.since(), start);
}

TEST(Suspicion, DoesNothingBeforeItsTime) {
    Rig rig;
    EXPECT_EQ(rig.suspicion.take_step({}, SelfDoubt::No, rig.now), Step::None);
    rig.suspicion.begin(rig.now);
    EXPECT_EQ(rig.step(), Step::Probe);
    EXPECT_EQ(rig.suspicion.take_step({}, SelfDoubt::No, rig.now + kProbeInterval - 1ns),
              Step::None);
}

TEST(Suspicion, WaitsForAnAnswerAsLongAsOneTakes) {
    Rig rig;
    rig.answer_patience = 400ms;
    const Instant start = rig.now;
    rig.suspicion.begin(rig.now);
    rig.probe_out();
    EXPECT_EQ(rig.step(), Step::Judge);
    EXPECT_EQ(rig.now - start, 400ms);
}

TEST(Suspicion, EndsWithoutAJudgement) {
    Rig rig;
    rig.suspicion.begin(rig.now);
    rig.probe_out();
    rig.suspicion.end();
    EXPECT_EQ(rig.suspicion.next_at(), Instant::never());
    EXPECT_EQ(rig.suspicion.take_step({}, SelfDoubt::No, rig.now + 1h), Step::None);
}

TEST(Suspicion, WhoIsLateJudgesOnceMore) {
    Rig rig;
    rig.suspicion.begin(rig.now);
    rig.probe_out();
    EXPECT_EQ(rig.step(SelfDoubt::No, 11ms), Step::None);
    EXPECT_EQ(rig.suspicion.next_at() - rig.now, kProbeInterval);
    EXPECT_EQ(rig.step(SelfDoubt::No, 11ms), Step::Judge);
}

TEST(Suspicion, WhoDoubtsItselfWaitsTwiceAsLong) {
    Rig rig;
    const Instant start = rig.now;
    rig.suspicion.begin(rig.now);
    rig.probe_out();
    EXPECT_EQ(rig.step(SelfDoubt::Yes), Step::None);
    EXPECT_EQ(rig.step(SelfDoubt::Yes), Step::Judge);
    EXPECT_EQ(rig.now - start, 2 * kProbes * kProbeInterval);
}

}  // namespace
}  // namespace kith::mesh
