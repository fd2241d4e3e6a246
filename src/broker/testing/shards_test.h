// Test support: the fixture of tests that run with one shard and with several.
//
//     class ConnectTest : public testing::ShardsTest {};
//     INSTANTIATE_TEST_SUITE_P(Shards, ConnectTest, testing::kShardCounts);
//
// Not part of the module. Threads: one.
#pragma once

#include <gtest/gtest.h>

#include "broker/testing/broker_rig.h"

namespace kith::broker::testing {

inline const auto kShardCounts = ::testing::Values<std::uint16_t>(1, 2, 4);

class ShardsTest : public ::testing::TestWithParam<std::uint16_t> {
  protected:
    explicit ShardsTest(const RigOptions& options = {}) : rig(with_shards(options)) {}

    /// `options` with as many shards as the test has.
    [[nodiscard]] static RigOptions with_shards(RigOptions options) {
        options.shard_count = GetParam();
        return options;
    }

    BrokerRig rig;
};

}  // namespace kith::broker::testing
