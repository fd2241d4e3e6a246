// Test support: a scenario over the simulation, against the real broker.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/scenarios.h"
#include "broker/testing/broker_rig.h"

namespace kith::bench {

/// Says what a test set.
class FakeProbe final : public ProcessProbe {
  public:
    Result<ProcessUse> read() override {
        use.cpu += cpu_each_read;
        use.rss_bytes += rss_bytes_each_read;
        return use;
    }
    ProcessUse use;
    Duration cpu_each_read{};
    std::uint64_t rss_bytes_each_read = 0;
};

/// What only this scenario reports; fails the test if it does not.
[[nodiscard]] inline double more(const Report& report, const std::string& name) {
    for (const auto& [key, value] : report.more) {
        if (key == name) {
            return value;
        }
    }
    ADD_FAILURE() << "the report has no " << name;
    return 0;
}

struct ScenarioRig {
    explicit ScenarioRig(const broker::testing::RigOptions& rig_options = {.shard_count = 2})
        : broker(rig_options) {
        options.target = broker.node().address(1883);
        options.target_text = "sim";
        options.measured = 1s;
        options.warm_up = 100ms;
    }

    /// Runs the scenario named in `options` to its end.
    Outcome run() {
        const ScenarioKind* kind = find_scenario(options.scenario);
        EXPECT_NE(kind, nullptr) << options.scenario;
        scenario =
            kind->make({.shard = broker.clients().shard(ShardId(0)),
                        .options = options,
                        .broker = &broker_probe,
                        .generator = nullptr,
                        .clock = [this] { return broker.world().now(); },
                        .tell = [this](std::string text) { told.push_back(std::move(text)); }},
                       *kind);
        std::optional<Outcome> outcome;
        scenario->start([&](Outcome result) { outcome = std::move(result); });
        EXPECT_TRUE(broker.world().run_until([&] { return outcome.has_value(); }, 10min));
        return outcome.value_or(tl::unexpected(std::string("never finished")));
    }

    Options options;
    FakeProbe broker_probe;
    std::vector<std::string> told;
    broker::testing::BrokerRig broker;
    std::unique_ptr<Scenario> scenario;  // before the world that it lives in
};

}  // namespace kith::bench
