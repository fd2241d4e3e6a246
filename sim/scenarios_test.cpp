#include "sim/scenarios.h"

#include <set>

#include <gtest/gtest.h>

#include "sim/stage.h"

namespace kith::sim {
namespace {

TEST(Scenarios, HaveNamesOfTheirOwn) {
    std::set<std::string_view> names;
    for (const Scenario& scenario : scenarios()) {
        EXPECT_TRUE(names.insert(scenario.name).second) << scenario.name;
        EXPECT_EQ(scenario_named(scenario.name), &scenario);
    }
    EXPECT_EQ(scenario_named("list"), nullptr);
}

TEST(Scenarios, AFigureHoldsUpToItsLimit) {
    Figure figure{.name = "x", .value = 5, .target = Figure::Target::AtMost, .limit = 5};
    EXPECT_TRUE(figure.holds());
    figure.value = 5.1;
    EXPECT_FALSE(figure.holds());
    figure.target = Figure::Target::AtLeast;
    EXPECT_TRUE(figure.holds());
    figure.value = 4;
    EXPECT_FALSE(figure.holds());
    figure.target = Figure::Target::None;
    EXPECT_TRUE(figure.holds());
}

/// Small, and with the same question.
void expect_holds(std::string_view name, const ScenarioOptions& options) {
    for (const Figure& figure : scenario_named(name)->play(options)) {
        EXPECT_TRUE(figure.holds()) << name << ": " << figure.name << " " << figure.value;
    }
}

TEST(Scenarios, AColdStartIsMeasured) {
    expect_holds("cold-start", {.repetitions = 1, .node_count = 9, .tell = {}});
}

TEST(Scenarios, ALinkEventIsMeasured) {
    expect_holds("link-event", {.repetitions = 1, .node_count = 12, .tell = {}});
}

TEST(Scenarios, ACrashIsMeasured) {
    expect_holds("crash", {.repetitions = 2, .tell = {}});
}

TEST(Scenarios, AnIdleDeathIsMeasured) {
    expect_holds("idle-death", {.repetitions = 2, .tell = {}});
}

TEST(Scenarios, ABadWayIsPatientlyWorkedThrough) {
    const ScenarioOptions options{.first_seed = 2, .message_count = 300, .tell = {}};
    expect_holds("loss-chain", options);
    const std::vector<Figure> figures = scenario_named("loss-chain")->play(options);
    EXPECT_LT(figures.back().value, 30'000) << figures.back().name;
}

TEST(Scenarios, HalvesThatMeetRetainTheSame) {
    expect_holds("retained-heal", {.node_count = 8, .message_count = 500, .tell = {}});
}

TEST(Scenarios, APartitionLosesNothing) {
    expect_holds("partition", {.node_count = 8, .message_count = 500, .tell = {}});
}

TEST(Stage, NotesWhatArrivesAndWhen) {
    Stage stage({.topology = {.shape = Shape::Line, .node_count = 3}});
    stage.start(100ms);
    EXPECT_TRUE(stage.is_whole());
    stage.subscribe(2, "a");
    const std::size_t heard = stage.publish(0, "a");
    const std::size_t unheard = stage.publish(0, "b");
    stage.run_for(1s);
    EXPECT_EQ(stage.arrived_count(), 1U);
    EXPECT_GT(stage.messages()[heard].arrived_at, stage.messages()[heard].published_at);
    EXPECT_EQ(stage.messages()[unheard].arrived_at, Instant::never());
}

}  // namespace
}  // namespace kith::sim
