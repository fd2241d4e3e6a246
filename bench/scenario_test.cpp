#include "bench/scenario.h"

#include <gtest/gtest.h>

#include "bench/testing/scenario_rig.h"

namespace kith::bench {
namespace {

/// Takes connections and says nothing.
class SilentBroker final : public runtime::AcceptHandler, public runtime::StreamHandler {
  public:
    void on_accept(std::unique_ptr<runtime::Stream> stream) override {
        stream->set_handler(this);
        streams_.push_back(std::move(stream));
    }
    void on_data(MutableBytes) override {}
    void on_closed(const Error&) override {}

  private:
    std::vector<std::unique_ptr<runtime::Stream>> streams_;
};

TEST(Scenario, ABrokerThatSaysNothingIsGivenUp) {
    ScenarioRig rig;
    SilentBroker silent;
    const auto listener = rig.broker.clients()
                              .shard(ShardId(0))
                              .network()
                              .listen({.address = rig.broker.clients().address(1884)}, silent);
    ASSERT_TRUE(listener);
    rig.options.scenario = "one-to-one";
    rig.options.target = rig.broker.clients().address(1884);
    const Outcome outcome = rig.run();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error(), "0 of 2 connections were made, then the broker said nothing");
    EXPECT_FALSE(rig.told.empty());
}

}  // namespace
}  // namespace kith::bench
