#include "access/refusal_fold.h"

#include <gtest/gtest.h>

#include "access/limits.h"

namespace kith::access {
namespace {

const WallTime kNow = WallTime::from_ms(1'800'000'000'000);

RefusedSignIn refused(std::string who, std::string address) {
    return {.who = std::move(who), .from_address = std::move(address), .why = "wrong password"};
}

TEST(RefusalFold, WritesTheFirstAtOnceAndCountsTheRest) {
    RefusalFold fold;
    const auto first = fold.note(refused("user:anna", "10.0.0.3"), kNow);
    ASSERT_EQ(first.size(), 1U);
    EXPECT_EQ(first[0].who, "user:anna");
    EXPECT_EQ(first[0].what, "sign_in.refused");
    EXPECT_EQ(first[0].from_address, "10.0.0.3");
    EXPECT_EQ(first[0].outcome, "denied");
    EXPECT_EQ(first[0].detail, "wrong password");
    for (int i = 0; i < 1000; ++i) {
        EXPECT_TRUE(fold.note(refused("user:anna", "10.0.0.3"), kNow).empty());
    }
    EXPECT_EQ(fold.note(refused("user:anna", "10.0.0.4"), kNow).size(), 1U);
    EXPECT_TRUE(fold.take_ended(kNow + kRefusalFoldSpan - 1ms).empty());
    const auto ended = fold.take_ended(kNow + kRefusalFoldSpan);
    ASSERT_EQ(ended.size(), 1U) << "one alone needs no second line";
    EXPECT_EQ(ended[0].detail, "1000 more: wrong password");
    EXPECT_TRUE(fold.empty());
    EXPECT_EQ(fold.note(refused("user:anna", "10.0.0.3"), kNow + 1h).size(), 1U);
}

TEST(RefusalFold, BoundsTheLinesHoweverManyNamesAndAddressesThereAre) {
    RefusalFold fold;
    std::size_t line_count = 0;
    for (int i = 0; i < 100'000; ++i) {
        line_count += fold.note(refused("user:" + std::to_string(i), "10.0.0.3"), kNow).size();
    }
    EXPECT_EQ(line_count, kRefusalKeysMax);
    const auto ended = fold.take_ended(kNow + kRefusalFoldSpan);
    ASSERT_EQ(ended.size(), 1U);
    EXPECT_EQ(ended[0].who, "others");
    EXPECT_EQ(ended[0].detail,
              std::to_string(100'000 - kRefusalKeysMax) + " of many names or addresses");
    EXPECT_TRUE(fold.empty());
}

}  // namespace
}  // namespace kith::access
