// DIGEST and DIGEST-LIST: what each refuses; and the hashes that they are made of.
#include <set>

#include "wire/mesh/testing/codec_testing.h"

namespace kith::mesh {
namespace {

using namespace testing;

TEST(Digest, ABucketOf0IsNotTold) {
    const auto body = [](std::uint64_t bucket) {
        return BodyBuilder().u8(2).u64(2).u64(bucket).bytes();
    };
    EXPECT_EQ(decoded_words(FrameType::Digest, body(5)).substr(0, 14), "digest 2 0 5 0");
    EXPECT_EQ(decoded_words(FrameType::Digest, body(0)), "malformed: bucket of 0 is told");
}

TEST(Digest, AKindOfANewerNodeIsUnsupported) {
    EXPECT_EQ(decoded_words(FrameType::Digest, BodyBuilder().u8(6).u64(0)),
              "unsupported: kind of record is not known");
}

/// A list from origin 10, part 5 to origin 20, part 5, with these places.
std::string list(std::initializer_list<std::pair<std::uint64_t, std::uint16_t>> places) {
    BodyBuilder body;
    body.u8(3).u64(~0ULL).u64(10).u16(5).u64(20).u16(5).varint(places.size());
    for (const auto& [origin, part] : places) {
        body.u64(origin).u16(part).u32(1).u32(2);
    }
    return decoded_words(FrameType::DigestList, body);
}

TEST(DigestList, BoundsAreIncluded) {
    EXPECT_EQ(list({{10, 5}, {20, 5}}).substr(0, 13), "digest-list 3");
}

TEST(DigestList, NothingIsOutsideOfTheBounds) {
    const std::string reason = "malformed: list of records is not in order";
    EXPECT_EQ(list({{10, 4}}), reason);
    EXPECT_EQ(list({{20, 6}}), reason);
}

TEST(DigestList, RecordsAreInOrderAndNoneTwice) {
    const std::string reason = "malformed: list of records is not in order";
    EXPECT_EQ(list({{11, 1}, {11, 0}}), reason);
    EXPECT_EQ(list({{11, 1}, {11, 1}}), reason);
    EXPECT_EQ(list({{11, 1}, {11, 2}, {12, 0}}).substr(0, 13), "digest-list 3");
}

TEST(DigestList, ItDoesNotEndBeforeItBegins) {
    const auto with = [](std::uint64_t first, std::uint64_t last) {
        const Buffer body = BodyBuilder().u8(3).u64(0).u64(first).u16(5).u64(last).u16(5).varint(0);
        return decoded_words(FrameType::DigestList, body).substr(0, 13);
    };
    EXPECT_EQ(with(7, 7), "digest-list 3");
    EXPECT_EQ(with(8, 7), "malformed: li");
}

TEST(DigestList, PlacesAreOfRecords) {
    const std::string reason = "malformed: place in a list is none of a record";
    EXPECT_EQ(list({{11, kRecordPartsMax}}), reason);
    const Buffer body =
        BodyBuilder().u8(3).u64(1).u64(0).u16(0).u64(9).u16(0).varint(1).u64(0).u16(0).u32(1).u32(
            2);
    EXPECT_EQ(decoded_words(FrameType::DigestList, body), reason);
}

TEST(DigestListDeathTest, TheSenderIsHeldToTheSame) {
    DigestList frame;
    frame.kind = RecordKind::Interest;
    frame.first = {NodeId(1), RecordKind::Interest, 0};
    frame.last = {NodeId(9), RecordKind::Interest, 0};
    const RecordVersion two{{NodeId(2), RecordKind::Interest, 0}, {}};
    const RecordVersion three{{NodeId(3), RecordKind::Interest, 0}, {}};
    frame.records = {three, two};
    EXPECT_DEATH((void)to_bytes(frame), "not in order");
    frame.records = {two, three};
    frame.last = two.key;
    EXPECT_DEATH((void)to_bytes(frame), "outside of the bounds");
    frame.last.kind = RecordKind::Identity;
    EXPECT_DEATH((void)to_bytes(frame), "of another kind");
}

TEST(Hashes, SpreadOverAllBuckets) {
    std::size_t records[kDigestBuckets] = {};
    for (std::uint64_t origin = 1; origin <= 100; ++origin) {
        for (std::uint16_t part = 0; part < 64; ++part) {
            ++records[record_bucket({NodeId(origin), RecordKind::Interest, part})];
        }
    }
    for (const std::size_t count : records) {  // 100 each, if it were even
        EXPECT_GT(count, 60U);
        EXPECT_LT(count, 140U);
    }
}

TEST(Hashes, EveryFieldOfAKeyAndAVersionCounts) {
    const RecordKey key{NodeId(1), RecordKind::Interest, 2};
    const std::set<std::uint64_t> hashes{
        record_hash(key, {1, 2}),
        record_hash(key, {2, 1}),
        record_hash(key, {1, 3}),
        record_hash({NodeId(2), RecordKind::Interest, 2}, {1, 2}),
        record_hash({NodeId(1), RecordKind::Directory, 2}, {1, 2}),
        record_hash({NodeId(1), RecordKind::Interest, 1}, {1, 2}),
    };
    EXPECT_EQ(hashes.size(), 6U);
}

TEST(Hashes, AShareGroupIsOfATenantAGroupAndAFilter) {
    const std::set<std::uint64_t> ids{
        share_group_id(0, "g", "a"), share_group_id(1, "g", "a"), share_group_id(0, "a", "g"),
        share_group_id(0, "ga", ""), share_group_id(0, "g", "b"), share_group_id(0, "h", "a"),
    };
    EXPECT_EQ(ids.size(), 6U);
    EXPECT_EQ(share_group_id(0, "g", "a"), share_group_id(0, std::string("g"), std::string("a")));
}

}  // namespace
}  // namespace kith::mesh
