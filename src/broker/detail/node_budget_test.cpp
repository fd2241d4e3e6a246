#include "broker/detail/node_budget.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace kith::broker {
namespace {

TEST(NodeBudget, GivesNotOneMoreThanThereAre) {
    NodeBudget budget(3);
    EXPECT_TRUE(budget.take(2));
    EXPECT_FALSE(budget.take(2));
    EXPECT_TRUE(budget.take());
    EXPECT_FALSE(budget.take());
    budget.give_back(3);
    EXPECT_TRUE(budget.take(3));
}

TEST(NodeBudget, KeepsWhatIsUsedWhenTheLimitFalls) {
    NodeBudget budget(3);
    budget.take_anyway(5);
    EXPECT_EQ(budget.used(), 5U);
    EXPECT_FALSE(budget.take(0));
    budget.set_max(6);
    EXPECT_TRUE(budget.take());
    EXPECT_FALSE(budget.take());
}

TEST(NodeBudget, IsExactForManyThreads) {
    NodeBudget budget(10'000);
    std::atomic<std::uint64_t> taken = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < 5'000; ++round) {
                taken += budget.take() ? 1 : 0;
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(taken, 10'000U);
    EXPECT_EQ(budget.used(), 10'000U);
}

TEST(BudgetHold, GivesBackOnce) {
    NodeBudget budget(10);
    {
        BudgetHold hold(budget, 4);
        BudgetHold moved = std::move(hold);
        EXPECT_EQ(budget.used(), 4U);
        moved = BudgetHold(budget, 3);
        EXPECT_EQ(budget.used(), 3U);
        EXPECT_TRUE(budget.has_room(7));
        EXPECT_FALSE(budget.has_room(8));
    }
    EXPECT_EQ(budget.used(), 0U);
}

TEST(BudgetLease, GivesOneShardAllWhenTheOthersUseNothing) {
    NodeBudget budget(1000);
    BudgetLease busy(budget, 4, 256);
    BudgetLease idle(budget, 4, 256);
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(busy.take()) << i;
    }
    EXPECT_FALSE(busy.take());
    EXPECT_FALSE(idle.take());
    busy.give_back(1000);
    EXPECT_TRUE(idle.take(900));
}

TEST(BudgetLease, LeavesLittleWithTheOthers) {
    NodeBudget budget(64'000);
    BudgetLease first(budget, 2, 1'000'000);
    BudgetLease second(budget, 2, 1'000'000);
    ASSERT_TRUE(first.take(30'000));
    first.give_back(30'000);
    EXPECT_LE(first.spare(), 64'000U / 32);
    EXPECT_TRUE(second.take(62'000));
}

TEST(BudgetLease, IsExactForSmallLimits) {
    NodeBudget budget(2);
    BudgetLease first(budget, 4, 256);
    BudgetLease second(budget, 4, 256);
    EXPECT_TRUE(first.take());
    EXPECT_TRUE(second.take());
    EXPECT_FALSE(first.take());
    second.give_back();
    EXPECT_TRUE(first.take());
}

TEST(BudgetLease, TakesWhatIsThereAlready) {
    NodeBudget budget(10);
    BudgetLease lease(budget, 1, 256);
    lease.take_anyway(12);
    EXPECT_EQ(budget.used() - lease.spare(), 12U);
    EXPECT_FALSE(lease.take());
    lease.give_back(12);
    EXPECT_TRUE(lease.take(10));
}

}  // namespace
}  // namespace kith::broker
