#include "broker/detail/pool.h"

#include <cstdint>

#include <gtest/gtest.h>

namespace kith::broker {
namespace {

int alive_count = 0;

struct Counted {
    Counted() { ++alive_count; }
    Counted(Counted&& other) noexcept : value(other.value) { ++alive_count; }
    Counted& operator=(Counted&&) noexcept = default;
    ~Counted() { --alive_count; }
    int value = 7;
};

// The rest of a block would be touched, and resident, for nothing.
TEST(Pool, MakesAnObjectOnlyWhenItIsTaken) {
    alive_count = 0;
    Pool<Counted> pool;
    EXPECT_EQ(pool[pool.take()].value, 7);
    EXPECT_EQ(alive_count, 1);
    static_cast<void>(pool.take());
    EXPECT_EQ(alive_count, 2);
}

TEST(Pool, EndsEachObjectOnceWhenItGoes) {
    alive_count = 0;
    {
        Pool<Counted> pool;
        static constexpr int kSeveralBlocks = 1500;
        for (int i = 0; i < kSeveralBlocks; ++i) {
            static_cast<void>(pool.take());
        }
        pool.give_back(3);
        EXPECT_EQ(alive_count, kSeveralBlocks);
        EXPECT_EQ(pool.size(), kSeveralBlocks - 1U);
    }
    EXPECT_EQ(alive_count, 0);
}

TEST(Pool, GivesANumberAgainWithAFreshObject) {
    Pool<Counted> pool;
    const std::uint32_t first = pool.take();
    const std::uint32_t second = pool.take();
    pool[first].value = 1;
    pool[second].value = 2;
    pool.give_back(first);
    EXPECT_EQ(pool.take(), first);
    EXPECT_EQ(pool[first].value, 7);
    EXPECT_EQ(pool[second].value, 2);
}

TEST(Pool, KeepsAddressesWhenItGrows) {
    Pool<Counted> pool;
    const Counted* const address = &pool[pool.take()];
    for (int i = 0; i < 1500; ++i) {
        static_cast<void>(pool.take());
    }
    EXPECT_EQ(&pool[0], address);
}

}  // namespace
}  // namespace kith::broker
