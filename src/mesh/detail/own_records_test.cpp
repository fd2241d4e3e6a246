#include "mesh/detail/own_records.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace kith::mesh {
namespace {

constexpr Instant kStart = Instant::from_ns(1'000'000'000);

RecordVersion heard_of(RecordKind kind, std::uint16_t part, const Version& version) {
    return {.key = {.origin = NodeId(1), .kind = kind, .part = part}, .version = version};
}

class OwnRecordsTest : public ::testing::Test {
  protected:
    void tell(RecordKind kind, std::uint16_t part, const std::string& body) {
        ASSERT_TRUE(own.tell(kind, part, as_bytes(body), now));
    }
    void let_go() { EXPECT_FALSE(own.take_due(now).empty()); }
    /// When something was told, in ms since the start, while `step` is called each ms.
    template <typename Step>
    std::vector<std::int64_t> run(Duration duration, const Step& step) {
        std::vector<std::int64_t> told_ms;
        for (const Instant end = now + duration; now < end; now = now + 1ms) {
            step();
            for (std::size_t i = own.take_due(now).size(); i > 0; --i) {
                told_ms.push_back(to_ms(now - kStart));
            }
        }
        return told_ms;
    }

    Instant now = kStart;
    OwnRecords own{7, 1};
};

using Times = std::vector<std::int64_t>;

TEST_F(OwnRecordsTest, IdentityAndRevocationsGoAtOnce) {
    for (int i = 0; i < 200; ++i) {
        tell(RecordKind::Identity, 0, std::to_string(i));
        tell(RecordKind::Revocation, 3, std::to_string(i));
        EXPECT_EQ(own.deadline(), now);
        EXPECT_EQ(own.take_due(now).size(), 2U);
    }
}

TEST_F(OwnRecordsTest, LinkStateThatKeepsChangingIsToldLessAndLessOften) {
    int change = 0;
    const Times told = run(25s, [&] { tell(RecordKind::LinkState, 0, std::to_string(change++)); });
    EXPECT_EQ(told, (Times{0, 100, 300, 700, 1500, 3100, 6300, 11300, 16300, 21300}));
}

TEST_F(OwnRecordsTest, LinkStateIsToldAtOnceAgainAfterAQuietTime) {
    int change = 0;
    run(2s, [&] { tell(RecordKind::LinkState, 0, std::to_string(change++)); });
    run(10s, [] {});
    now = kStart + 20s;
    const Times told =
        run(150ms, [&] { tell(RecordKind::LinkState, 0, std::to_string(change++)); });
    EXPECT_EQ(told, (Times{20'000, 20'100}));
}

TEST_F(OwnRecordsTest, FiftyChangesOfInterestGoAtOnce) {
    for (std::uint16_t part = 0; part < 60; ++part) {
        tell(RecordKind::Interest, part, "a");
    }
    EXPECT_EQ(own.take_due(now).size(), 50U);
    EXPECT_EQ(own.deadline(), now + 20ms);
    const Times rest = run(1s, [] {});
    ASSERT_EQ(rest.size(), 10U);
    EXPECT_EQ(rest.front(), 20);
    EXPECT_EQ(rest.back(), 200);
}

TEST_F(OwnRecordsTest, InterestWaitsASecondAtMost) {
    for (std::uint16_t part = 0; part < kRecordPartsMax; ++part) {
        tell(RecordKind::Interest, part, "a");
    }
    const Times told = run(2s, [] {});
    EXPECT_EQ(told.size(), kRecordPartsMax);
    EXPECT_EQ(told.back(), 1000);
}

// Goal: a part that changes all the time keeps its turn.
TEST_F(OwnRecordsTest, AChangeOfWhatWaitsDoesNotWaitAnew) {
    constexpr std::uint16_t kBusy = kRecordPartsMax - 1;
    for (std::uint16_t part = 0; part < kRecordPartsMax; ++part) {
        tell(RecordKind::Interest, part, "a");
    }
    bool is_told = false;
    for (int ms = 0; ms <= 1000 && !is_told; ++ms) {
        tell(RecordKind::Interest, kBusy, std::to_string(ms));
        for (const OwnRecords::Telling& telling : own.take_due(now)) {
            is_told = is_told || telling.part == kBusy;
        }
        now = now + 1ms;
    }
    EXPECT_TRUE(is_told);
}

TEST_F(OwnRecordsTest, MachinesAndInterestDoNotWaitForEachOther) {
    for (std::uint16_t part = 0; part < 60; ++part) {
        tell(RecordKind::Interest, part, "a");
    }
    let_go();
    tell(RecordKind::Directory, 0, "a");
    EXPECT_EQ(own.take_due(now).size(), 1U);
}

// Goal: a barrier names what was subscribed to, though it has not left yet.
TEST_F(OwnRecordsTest, AVersionIsGivenBeforeItIsTold) {
    tell(RecordKind::LinkState, 0, "a");
    let_go();
    tell(RecordKind::LinkState, 0, "b");
    const Version waiting = own.version(RecordKind::LinkState, 0);
    EXPECT_TRUE(own.take_due(now).empty());
    tell(RecordKind::LinkState, 0, "a");  // as it was: told all the same
    EXPECT_GT(own.version(RecordKind::LinkState, 0), waiting);
    now = now + 100ms;
    const auto told = own.take_due(now);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].version, own.version(RecordKind::LinkState, 0));
    EXPECT_EQ(as_text(told[0].body), "a");
}

TEST_F(OwnRecordsTest, VersionsGrowOverAllRecords) {
    tell(RecordKind::Interest, 1, "a");
    tell(RecordKind::Interest, 2, "a");
    EXPECT_EQ(own.version(RecordKind::Interest, 1), (Version{7, 1}));
    EXPECT_EQ(own.version(RecordKind::Interest, 2), (Version{7, 2}));
    EXPECT_EQ(own.version(RecordKind::Interest, 3), Version{});
}

TEST_F(OwnRecordsTest, WhatStandsIsToldAgainAfterAboutEightHours) {
    tell(RecordKind::Interest, 1, "a");
    tell(RecordKind::Interest, 2, "a");
    tell(RecordKind::Interest, 2, "");
    let_go();
    EXPECT_GE(own.deadline(), now + 7h);
    EXPECT_LE(own.deadline(), now + 9h);
    now = own.deadline();
    const auto told = own.take_due(now);
    ASSERT_EQ(told.size(), 1U);  // not what was withdrawn
    EXPECT_EQ(told[0].part, 1);
    EXPECT_EQ(told[0].version.counter, 4U);
    EXPECT_GE(own.deadline(), now + 7h);
}

TEST_F(OwnRecordsTest, ANodeTellsSoManyBytes) {
    const std::string body(kRecordBodyBytesMax, 'x');
    std::uint16_t part = 0;
    while (own.tell(RecordKind::Interest, part, as_bytes(body), now)) {
        ++part;
    }
    EXPECT_EQ(part, kOriginRecordBytesMax / (kRecordBodyBytesMax + 96));
    EXPECT_EQ(own.version(RecordKind::Interest, part), Version{});
    EXPECT_TRUE(own.tell(RecordKind::Interest, 0, as_bytes("smaller"), now));
    EXPECT_TRUE(own.tell(RecordKind::Interest, part, as_bytes("as small"), now));
}

TEST_F(OwnRecordsTest, AnEarlierLifeIsSuperseded) {
    tell(RecordKind::Interest, 1, "a");
    let_go();
    EXPECT_TRUE(own.supersede(heard_of(RecordKind::Interest, 1, {9, 4}), false, now));
    auto told = own.take_due(now);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].version, (Version{9, 5}));
    EXPECT_EQ(as_text(told[0].body), "a");

    EXPECT_TRUE(own.supersede(heard_of(RecordKind::Interest, 2, {6, 4}), false, now));
    told = own.take_due(now);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].version, (Version{9, 6}));
    EXPECT_TRUE(told[0].body.empty());
}

TEST_F(OwnRecordsTest, WhatAnEarlierLifeWithdrewIsLeftSo) {
    EXPECT_FALSE(own.supersede(heard_of(RecordKind::Interest, 1, {9, 4}), true, now));
    EXPECT_TRUE(own.take_due(now).empty());
    tell(RecordKind::Interest, 1, "a");
    EXPECT_EQ(own.version(RecordKind::Interest, 1), (Version{9, 5}));
}

TEST_F(OwnRecordsTest, TheLastVersionOfAllCannotBeSuperseded) {
    const Version last{.epoch = UINT32_MAX, .counter = UINT32_MAX};
    EXPECT_FALSE(own.supersede(heard_of(RecordKind::Interest, 1, last), false, now));
    EXPECT_TRUE(own.take_due(now).empty());
}

TEST_F(OwnRecordsTest, ACounterThatIsUsedUpBeginsAnEpoch) {
    EXPECT_TRUE(own.supersede(heard_of(RecordKind::Interest, 1, {9, UINT32_MAX}), false, now));
    EXPECT_EQ(own.version(RecordKind::Interest, 1), (Version{10, 0}));
}

TEST_F(OwnRecordsTest, OnlyWhatWasWithdrawnIsForgotten) {
    tell(RecordKind::Interest, 1, "a");
    let_go();
    own.forget(RecordKind::Interest, 1);
    EXPECT_NE(own.version(RecordKind::Interest, 1), Version{});
    tell(RecordKind::Interest, 1, "");
    let_go();
    own.forget(RecordKind::Interest, 1);
    EXPECT_EQ(own.version(RecordKind::Interest, 1), Version{});
    EXPECT_EQ(own.deadline(), Instant::never());
}

}  // namespace
}  // namespace kith::mesh
