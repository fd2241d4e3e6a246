#include "broker/detail/load_average.h"

#include <gtest/gtest.h>

namespace kith::broker {
namespace {

TEST(LoadAverage, ComesToASteadyRateTheSoonerTheShorterItsTime) {
    LoadAverage load;
    std::uint64_t total = 0;
    for (int i = 0; i < 6; ++i) {  // a minute with 10 a second
        total += 100;
        load.update(total, 10s);
    }
    EXPECT_NEAR(load.load(0), 600 * (1 - std::exp(-1.0)), 0.01);
    EXPECT_NEAR(load.load(1), 600 * (1 - std::exp(-0.2)), 0.01);
    EXPECT_NEAR(load.load(2), 600 * (1 - std::exp(-1.0 / 15)), 0.01);
    for (int i = 0; i < 600; ++i) {
        total += 100;
        load.update(total, 10s);
    }
    EXPECT_NEAR(load.load(2), 600, 1);
}

TEST(LoadAverage, FadesWhenNothingHappens) {
    LoadAverage load;
    load.update(1000, 10s);
    const double before = load.load(0);
    load.update(1000, 60s);
    EXPECT_NEAR(load.load(0), before * std::exp(-1.0), 0.01);
}

TEST(LoadAverage, IsNothingWithoutTime) {
    LoadAverage load;
    load.update(500, Duration::zero());
    EXPECT_EQ(load.load(0), 0);
    load.update(510, 60s);
    EXPECT_NEAR(load.load(0), 10 * (1 - std::exp(-1.0)), 0.01);
}

}  // namespace
}  // namespace kith::broker
