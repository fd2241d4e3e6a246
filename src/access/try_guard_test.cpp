#include "access/try_guard.h"

#include <gtest/gtest.h>

#include <string>

#include "access/limits.h"

namespace kith::access {
namespace {

constexpr Tryer kAnnaAtHome{.name = "anna", .address_key = "address 10.0.0.1"};
constexpr Tryer kAnnaElsewhere{.name = "anna", .address_key = "address 10.0.0.2"};

class TryGuardTest : public ::testing::Test {
  protected:
    bool try_wrong(const Tryer& who) {
        if (!guard_.begin(who, now_).is_allowed) {
            return false;
        }
        guard_.failed(who, now_);
        return true;
    }
    bool try_right(const Tryer& who) {
        if (!guard_.begin(who, now_).is_allowed) {
            return false;
        }
        guard_.succeeded(who, now_);
        return true;
    }

    TryGuard guard_;
    Instant now_ = Instant() + 1min;
};

TEST_F(TryGuardTest, WhoGuessesAtANamePausesItForHimselfAlone) {
    for (std::uint32_t i = 0; i < kTriesMax; ++i) {
        EXPECT_TRUE(try_wrong(kAnnaElsewhere));
    }
    EXPECT_FALSE(try_right(kAnnaElsewhere));
    EXPECT_TRUE(try_right(kAnnaAtHome));
    now_ = now_ + kTriesPause;
    EXPECT_TRUE(try_right(kAnnaElsewhere));
}

TEST_F(TryGuardTest, TriesSideBySideCount) {
    for (std::uint32_t i = 0; i < kTriesMax; ++i) {
        EXPECT_TRUE(guard_.begin(kAnnaAtHome, now_).is_allowed);
    }
    EXPECT_FALSE(guard_.begin(kAnnaAtHome, now_).is_allowed);
}

TEST_F(TryGuardTest, AFloodOfNamesPausesItsAddressButNotWhoIsKnownThere) {
    EXPECT_TRUE(try_right(kAnnaAtHome));
    for (std::uint32_t i = 0; i < kAddressTriesMax; ++i) {
        const std::string name = "name " + std::to_string(i);
        EXPECT_TRUE(try_wrong({.name = name, .address_key = kAnnaAtHome.address_key}));
    }
    EXPECT_FALSE(try_wrong({.name = "next", .address_key = kAnnaAtHome.address_key}));
    EXPECT_TRUE(try_right(kAnnaAtHome));
    EXPECT_TRUE(try_right({.name = "ben", .address_key = kAnnaElsewhere.address_key}));
}

TEST_F(TryGuardTest, ManyRightPasswordsAtOnceDoNotPauseTheirAddress) {
    for (int i = 0; i < 1000; ++i) {
        const std::string name = "machine " + std::to_string(i);
        EXPECT_TRUE(
            guard_.begin({.name = name, .address_key = kAnnaAtHome.address_key}, now_).is_allowed);
    }
}

TEST_F(TryGuardTest, AFloodOfAddressesPausesANameButNotWhereItIsKnown) {
    EXPECT_TRUE(try_right(kAnnaAtHome));
    for (std::uint32_t i = 0; i < kNameTriesMax; ++i) {
        const std::string address = "address " + std::to_string(i);
        EXPECT_TRUE(try_wrong({.name = "anna", .address_key = address}));
    }
    EXPECT_FALSE(try_wrong(kAnnaElsewhere));
    EXPECT_TRUE(try_right(kAnnaAtHome));
}

TEST_F(TryGuardTest, WhoIsKnownHasNoMoreGuessesThanAnother) {
    EXPECT_TRUE(try_right(kAnnaAtHome));
    for (std::uint32_t i = 0; i < kTriesMax; ++i) {
        EXPECT_TRUE(try_wrong(kAnnaAtHome));
    }
    EXPECT_FALSE(try_wrong(kAnnaAtHome));
}

TEST_F(TryGuardTest, AValidAccountIsNoLicenceToGuessAtOthers) {
    for (std::uint32_t i = 0; i < kAddressTriesMax; ++i) {
        const std::string name = "name " + std::to_string(i);
        EXPECT_TRUE(try_wrong({.name = name, .address_key = kAnnaAtHome.address_key}));
        EXPECT_TRUE(i + 1 == kAddressTriesMax || try_right(kAnnaAtHome));
    }
    EXPECT_FALSE(try_wrong({.name = "next", .address_key = kAnnaAtHome.address_key}));
}

TEST_F(TryGuardTest, ForgetsWhoWasKnownAfterAWhile) {
    EXPECT_TRUE(try_right(kAnnaAtHome));
    EXPECT_TRUE(guard_.is_known(kAnnaAtHome, now_ + kKnownMemory));
    EXPECT_FALSE(guard_.is_known(kAnnaAtHome, now_ + kKnownMemory + 1ms));
}

}  // namespace
}  // namespace kith::access
