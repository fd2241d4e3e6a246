#include "bench/run.h"

#include <gtest/gtest.h>

namespace kith::bench {
namespace {

RunOptions options_of(const char* scenario) {
    RunOptions options{.tell = [](const std::string&) {}};
    options.scenario.scenario = scenario;
    options.scenario.target_text = kOwnTarget;
    options.scenario.measured = 100ms;
    options.scenario.warm_up = 10ms;
    return options;
}

TEST(Run, TheGeneratorMeasuresItsOwnRelay) {
    for (const std::size_t window : {0U, 100U}) {
        RunOptions options = options_of("one-to-one");
        options.scenario.window = window;
        const Outcome outcome = run(options);
        ASSERT_TRUE(outcome) << outcome.error();
        EXPECT_EQ(outcome->undelivered, 0);  // nothing here would be no share at all
        EXPECT_TRUE(outcome->generator_cpu_share);
    }
}

TEST(Run, TheRelayServesFanOutAndFanIn) {
    for (const char* scenario : {"one-to-many", "many-to-one"}) {
        RunOptions options = options_of(scenario);
        options.scenario.connections = 20;
        const Outcome outcome = run(options);
        ASSERT_TRUE(outcome) << outcome.error();
        EXPECT_EQ(outcome->undelivered, 0);  // nothing here would be no share at all
    }
}

TEST(Run, UnknownScenariosAndProcessesAreRefused) {
    EXPECT_FALSE(run(options_of("nothing")));
    RunOptions options = options_of("one-to-one");
    options.broker_pid = -1;
    const Outcome outcome = run(options);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error(), "no process -1");
    EXPECT_FALSE(run(options_of("pairs"))) << "the relay knows one topic";
    options = options_of("one-to-one");
    options.scenario.durable = true;
    EXPECT_FALSE(run(options)) << "QoS 0 is not kept";
    options = options_of("one-to-many");
    options.scenario.placement = Placement::SameShard;
    EXPECT_FALSE(run(options)) << "it has no pairs";
    options = options_of("one-to-one");
    options.scenario.placement = Placement::CrossShard;
    options.scenario.workers = 1;
    EXPECT_FALSE(run(options)) << "there is nowhere to cross to";
}

TEST(Run, MoreConnectionsThanDescriptorsAreRefusedAtTheStart) {
    RunOptions options = options_of("one-to-many");
    options.scenario.connections = std::size_t{1} << 40;
    const Outcome outcome = run(options);
    ASSERT_FALSE(outcome);
    EXPECT_NE(outcome.error().find("the limit is"), std::string::npos) << outcome.error();
}

}  // namespace
}  // namespace kith::bench
