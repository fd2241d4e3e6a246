#include "sim/seeds.h"

#include <gtest/gtest.h>

#include <set>

namespace kith::sim {
namespace {

TEST(Seeds, AreTheSameForTheSameQuestion) {
    EXPECT_EQ(stream_seed(7, Purpose::Delay, 1, 2), stream_seed(7, Purpose::Delay, 1, 2));
}

TEST(Seeds, DifferByRunPurposeAndOwner) {
    std::set<std::uint64_t> seen;
    std::size_t asked = 0;
    for (std::uint64_t i = 0; i < 3000; ++i, ++asked) {
        const Purpose purpose = i % 3 == 0   ? Purpose::Delay
                                : i % 3 == 1 ? Purpose::Loss
                                             : Purpose::Disk;
        seen.insert(stream_seed(i / 300, purpose, i / 3 % 10, i / 30 % 10));
    }
    EXPECT_EQ(seen.size(), asked);
}

}  // namespace
}  // namespace kith::sim
