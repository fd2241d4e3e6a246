#include "sim/faults.h"

#include <gtest/gtest.h>

#include "sim/testing/stub_world.h"

namespace kith::sim {
namespace {

using testing::StubWorld;

FaultPlan plan_of(std::string_view names) {
    return {.kinds = *faults_named(names),
            .from = Instant() + 10s,
            .until = Instant() + 600s,
            .node_count = 8,
            .wire_count = 8};
}

/// A ring of eight stub nodes.
struct Rig : StubWorld {
    Rig() : StubWorld(8), injector(world, 8, hooks()) {
        for (NodeIndex i = 0; i < 8; ++i) {
            world.add_wire(i, (i + 1) % 8, {});
        }
        run(1s);
    }
    FaultInjector::Hooks hooks() {
        return {.on_destroy = [this](NodeIndex node) { destroyed.push_back(node); },
                .rogue =
                    [this](const Birth& birth) {
                        return std::make_unique<testing::StubNode>(birth, journal, 1s);
                    }};
    }
    void begin(FaultKind kind, std::uint32_t subject, std::uint64_t draw = 0) {
        injector.schedule({{.kind = kind,
                            .at = world.now() + 1s,
                            .duration = 5s,
                            .subject = subject,
                            .draw = draw}});
        run(1001ms);
    }
    [[nodiscard]] std::size_t cut_count() {
        std::size_t count = 0;
        for (WireIndex wire = 0; wire < world.network().wire_count(); ++wire) {
            for (const Direction& direction : world.network().wire(wire).directions) {
                count += direction.cuts > 0 ? 1U : 0U;
            }
        }
        return count;
    }

    std::vector<NodeIndex> destroyed;
    FaultInjector injector;
};

TEST(Faults, AreNamed) {
    EXPECT_EQ(faults_named("all")->size(), kFaultKindCount);
    EXPECT_TRUE(faults_named("none")->empty());
    EXPECT_EQ(*faults_named("crash,mass-restart"),
              (std::vector{FaultKind::Crash, FaultKind::MassRestart}));
    EXPECT_FALSE(faults_named("crash,flood"));
    for (std::size_t i = 0; i < kFaultKindCount; ++i) {
        const auto kind = static_cast<FaultKind>(i);
        EXPECT_EQ(*faults_named(to_string(kind)), std::vector{kind});
    }
}

TEST(Faults, BeginAndEndWithinThePlan) {
    const FaultPlan plan = plan_of("all");
    const std::vector<Fault> faults = plan_faults(plan, Random(1));
    EXPECT_EQ(faults.size(), 59);
    for (const Fault& fault : faults) {
        EXPECT_GE(fault.at, plan.from);
        EXPECT_LE(fault.at + fault.duration, plan.until) << to_string(fault);
        EXPECT_LT(fault.subject, 8);
    }
    EXPECT_TRUE(std::ranges::is_sorted(faults, {}, &Fault::at));
}

TEST(Faults, AreNoneIfNoneIsWanted) {
    EXPECT_TRUE(plan_faults(plan_of("none"), Random(1)).empty());
}

TEST(Faults, CrashAndRestartAProcess) {
    Rig rig;
    rig.begin(FaultKind::Crash, 3);
    EXPECT_FALSE(rig.world.host(3).is_running());
    EXPECT_TRUE(rig.world.host(3).is_powered());
    rig.run(6s);
    EXPECT_EQ(rig.world.host(3).incarnation(), 2);
    EXPECT_TRUE(rig.destroyed.empty());
}

TEST(Faults, WipeADisk) {
    Rig rig;
    const mesh::NodeId before = rig.world.host(3).id();
    rig.begin(FaultKind::Wipe, 3);
    EXPECT_EQ(rig.destroyed, (std::vector<NodeIndex>{3}));
    rig.run(6s);
    EXPECT_TRUE(rig.world.host(3).is_running());
    EXPECT_NE(rig.world.host(3).id(), before);
}

TEST(Faults, CutWiresAndMendThem) {
    Rig rig;
    rig.begin(FaultKind::Cut, 2);
    EXPECT_EQ(rig.cut_count(), 2);
    rig.run(5s);
    EXPECT_EQ(rig.cut_count(), 0);
    rig.begin(FaultKind::OneWay, 2);
    EXPECT_EQ(rig.cut_count(), 1);
    rig.run(5s);
    EXPECT_EQ(rig.cut_count(), 0);
}

TEST(Faults, PartitionARingIntoTwo) {
    Rig rig;
    rig.begin(FaultKind::Partition, 2, 3);
    EXPECT_EQ(rig.cut_count(), 4) << "two wires, both directions";
    rig.run(5s);
    EXPECT_EQ(rig.cut_count(), 0);
}

TEST(Faults, FreezeANode) {
    Rig rig;
    rig.begin(FaultKind::Freeze, 1);
    EXPECT_TRUE(rig.world.host(1).is_frozen());
    rig.run(5s);
    EXPECT_FALSE(rig.world.host(1).is_frozen());
}

TEST(Faults, RestartManyAtOnce) {
    Rig rig;
    rig.begin(FaultKind::MassRestart, 0, 5);
    std::size_t down = 0;
    for (NodeIndex i = 0; i < 8; ++i) {
        down += rig.world.host(i).is_running() ? 0U : 1U;
    }
    EXPECT_GT(down, 0);
    EXPECT_LT(down, 8);
    rig.run(6s);
    for (NodeIndex i = 0; i < 8; ++i) {
        EXPECT_TRUE(rig.world.host(i).is_running());
    }
}

TEST(Faults, BringStrangers) {
    Rig rig;
    rig.begin(FaultKind::Rogue, 0);
    EXPECT_EQ(rig.world.node_count(), 9);
    EXPECT_TRUE(rig.world.host(8).is_running());
    EXPECT_NE(rig.world.host(8).id(), rig.world.host(0).id());
    rig.begin(FaultKind::Twin, 4);
    EXPECT_EQ(rig.world.host(9).id(), rig.world.host(4).id());
    rig.run(10s);
    EXPECT_FALSE(rig.world.host(8).is_running());
    EXPECT_FALSE(rig.world.host(9).is_running());
}

TEST(Faults, MoveAWallClockAlone) {
    Rig rig;
    const WallTime before = rig.world.host(0).wall_now();
    rig.begin(FaultKind::Clock, 0, 3'600'000);
    EXPECT_LT(rig.world.host(0).wall_now(), before);
}

}  // namespace
}  // namespace kith::sim
