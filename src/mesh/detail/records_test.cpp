#include "mesh/detail/records.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "mesh/limits.h"
#include "mesh/testing/fake_trust.h"
#include "mesh/testing/signed_record.h"
#include "wire/mesh/codec.h"

namespace kith::mesh {
namespace {

using testing::FakeTrust;
using testing::SignedRecord;

constexpr NodeId kSelf(100);
constexpr NodeId kA(1);
constexpr NodeId kB(200);
constexpr NodeId kFar(50);
constexpr Instant kStart = Instant::from_ns(1'000'000'000);

RecordKey interest_key(NodeId origin, std::uint16_t part = 0) {
    return {.origin = origin, .kind = RecordKind::Interest, .part = part};
}

class RecordsTest : public ::testing::Test, public RecordListener, public RecordPool {
  protected:
    struct Sent {
        NodeId neighbor;
        std::vector<std::uint8_t> bytes;
        Frame frame;  // borrows from bytes
    };

    void meet(NodeId neighbor, NodeRole role = NodeRole::Router) {
        records.on_neighbor_up(neighbor, role, now);
    }
    void hear(NodeId neighbor, const SignedRecord& told) {
        records.on_record(neighbor, told.record(), now);
    }
    void advance(Duration duration) {
        now = now + duration;
        records.on_timer(now);
    }
    /// All frames of one type to one neighbour, since the last call.
    template <typename T>
    std::vector<T> take(NodeId neighbor) {
        records.flush(now);
        std::vector<T> found;
        for (const auto& one : sent) {
            if (const T* frame = std::get_if<T>(&one->frame);
                frame != nullptr && one->neighbor == neighbor) {
                found.push_back(*frame);
            }
        }
        std::erase_if(sent, [neighbor](const auto& one) {
            return one->neighbor == neighbor && std::holds_alternative<T>(one->frame) &&
                   !std::holds_alternative<Record>(one->frame);
        });
        return found;
    }
    /// Names of the records that a neighbour was sent.
    std::vector<RecordVersion> take_records(NodeId neighbor) {
        std::vector<RecordVersion> found;
        for (const Record& record : take<Record>(neighbor)) {
            found.push_back({.key = record.key, .version = record.version});
        }
        std::erase_if(sent, [neighbor](const auto& one) {
            return one->neighbor == neighbor && std::holds_alternative<Record>(one->frame);
        });
        return found;
    }
    std::vector<RecordAck> take_ack_frames(NodeId neighbor) {
        records.flush(now);
        advance(kRecordAckDelay);
        return take<RecordAck>(neighbor);
    }
    RecordVersions take_acks(NodeId neighbor) {
        RecordVersions acks;
        for (const RecordAck& ack : take_ack_frames(neighbor)) {
            acks.insert(acks.end(), ack.records.begin(), ack.records.end());
        }
        return acks;
    }
    void acknowledge_all(NodeId neighbor) {
        const std::vector<RecordVersion> taken = take_records(neighbor);
        records.on_ack(neighbor, {.records = RecordVersions(taken.begin(), taken.end())}, now);
    }

    void on_record(const RecordKey& key, const StoredRecord* record, Instant) override {
        changes.emplace_back(
            key, record == nullptr ? "forgotten" : std::string(as_text(record->body())));
    }
    void send_records(NodeId neighbor, Bytes head, const SharedBytes& body, Instant) override {
        auto one = std::make_unique<Sent>();
        one->neighbor = neighbor;
        one->bytes.assign(head.begin(), head.end());
        one->bytes.insert(one->bytes.end(), body.bytes().begin(), body.bytes().end());
        one->frame = decode(**next_frame(one->bytes)).value();
        sent.push_back(std::move(one));
    }
    void on_refused(NodeId, DropReason reason) override { refused.push_back(reason); }
    SharedBytes share(Bytes told) override {
        ++shared_count;
        return SharedBytes::copy_of(told);
    }

    MeshOptions options = [] {
        MeshOptions made;
        made.self = kSelf;
        made.epoch = 7;
        return made;
    }();
    Instant now = kStart;
    FakeTrust trust{kSelf};
    std::vector<std::unique_ptr<Sent>> sent;
    std::vector<std::pair<RecordKey, std::string>> changes;
    std::vector<DropReason> refused;
    int shared_count = 0;
    Records records{options, {.trust = trust, .listener = *this, .pool = this}, 1};
};

using Reasons = std::vector<DropReason>;

// What a node tells of itself.

TEST_F(RecordsTest, WhatIsToldIsSignedKeptAndSentToAll) {
    meet(kA);
    meet(kB);
    ASSERT_TRUE(records.tell(RecordKind::Interest, 3, as_bytes("a/+"), now));
    const StoredRecord* stored = records.find(interest_key(kSelf, 3));
    ASSERT_NE(stored, nullptr);
    EXPECT_EQ(as_text(stored->body()), "a/+");
    EXPECT_EQ(stored->version, (Version{.epoch = 7, .counter = 1}));
    EXPECT_EQ(records.own_version(RecordKind::Interest, 3), stored->version);
    EXPECT_EQ(records.digests().of_kind[2], record_hash(stored->key, stored->version));

    const std::vector<Record> to_a = take<Record>(kA);
    ASSERT_EQ(to_a.size(), 1U);
    EXPECT_EQ(as_text(to_a[0].body), "a/+");
    std::vector<std::uint8_t> message(signed_bytes(to_a[0]));
    encode_signed(to_a[0], message);
    EXPECT_TRUE(trust.verify(kSelf, message, to_a[0].signature));
    EXPECT_EQ(take_records(kB).size(), 1U);
    EXPECT_EQ(shared_count, 1);
}

TEST_F(RecordsTest, TheSameAgainTellsNothing) {
    ASSERT_TRUE(records.tell(RecordKind::Interest, 0, as_bytes("a"), now));
    ASSERT_TRUE(records.tell(RecordKind::Interest, 0, as_bytes("a"), now));
    ASSERT_TRUE(records.tell(RecordKind::Interest, 1, {}, now));
    EXPECT_EQ(changes.size(), 1U);
}

TEST_F(RecordsTest, AWithdrawnRecordIsKeptSoThatAnOlderOneDoesNotComeBack) {
    ASSERT_TRUE(records.tell(RecordKind::Interest, 0, as_bytes("a"), now));
    const Version first = records.own_version(RecordKind::Interest, 0);
    ASSERT_TRUE(records.tell(RecordKind::Interest, 0, {}, now));
    EXPECT_EQ(records.find(interest_key(kSelf)), nullptr);
    EXPECT_TRUE(records.all(RecordKind::Interest).empty());
    EXPECT_GT(records.own_version(RecordKind::Interest, 0), first);
    EXPECT_TRUE(records.has(
        {.key = interest_key(kSelf), .version = records.own_version(RecordKind::Interest, 0)}));
    EXPECT_EQ(changes.back().second, "");
}

TEST_F(RecordsTest, MoreThanOthersTakeIsNotTold) {
    const std::vector<std::uint8_t> body(kRecordBodyBytesMax + 1);
    EXPECT_EQ(records.tell(RecordKind::Interest, 0, body, now).error().kind, ErrorKind::Limit);
    EXPECT_EQ(records.tell(RecordKind::Interest, kRecordPartsMax, as_bytes("a"), now).error().kind,
              ErrorKind::Limit);
    EXPECT_TRUE(changes.empty());
}

// What others tell.

TEST_F(RecordsTest, ARecordIsTakenVerifiedHandedOnAndAcknowledged) {
    meet(kA);
    meet(kB);
    hear(kA, SignedRecord::identity(kFar));
    hear(kA, SignedRecord::interest(kFar, 4, "a"));
    ASSERT_NE(records.find(interest_key(kFar)), nullptr);
    EXPECT_EQ(trust.verified_count, 2U);
    EXPECT_EQ(take_acks(kA).size(), 2U);
    EXPECT_TRUE(take_records(kA).empty());
    EXPECT_EQ(take_records(kB).size(), 2U);
    EXPECT_TRUE(take_acks(kB).empty());
}

TEST_F(RecordsTest, AcknowledgementsBehindAnotherWaitAndLeaveInOneFrame) {
    meet(kA);
    hear(kA, SignedRecord::identity(kFar));
    EXPECT_EQ(take<RecordAck>(kA).size(), 1U);
    hear(kA, SignedRecord::interest(kFar, 1, "a", 1));
    records.flush(now);
    EXPECT_EQ(records.deadline(), now + kRecordAckDelay);
    advance(kRecordAckDelay - 1ns);
    hear(kA, SignedRecord::interest(kFar, 1, "a"));
    records.flush(now);
    EXPECT_TRUE(sent.empty());
    advance(1ns);
    const auto acks = take<RecordAck>(kA);
    ASSERT_EQ(acks.size(), 1U);
    EXPECT_EQ(acks[0].records.size(), 2U);
    advance(1s);
    EXPECT_TRUE(take<RecordAck>(kA).empty());
}

// Goal: who sends much at once does not wait for the delay.
TEST_F(RecordsTest, ManyAcknowledgementsLeaveAtOnce) {
    meet(kA);
    for (std::size_t i = 0; i < kRecordAcksWaitingMax * 2 + 1; ++i) {
        hear(kA, SignedRecord::identity(kFar));
    }
    EXPECT_EQ(take<RecordAck>(kA).size(), 2U);
    EXPECT_EQ(take_acks(kA).size(), 1U);
}

TEST_F(RecordsTest, WithoutItsIdentityARecordWaitsAndTheIdentityIsAskedFor) {
    meet(kA);
    const SignedRecord told = SignedRecord::interest(kFar, 4, "a");
    hear(kA, told);
    EXPECT_TRUE(take_acks(kA).empty());
    EXPECT_TRUE(refused.empty());
    const auto requests = take<RecordRequest>(kA);
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_EQ(requests[0].records[0].key, SignedRecord::identity(kFar).record().key);

    hear(kA, SignedRecord::identity(kFar));
    hear(kA, told);
    EXPECT_EQ(take_acks(kA).size(), 2U);
    EXPECT_NE(records.find(interest_key(kFar)), nullptr);
}

TEST_F(RecordsTest, AForgedRecordIsRefusedAndNotSentAgain) {
    meet(kA);
    hear(kA, SignedRecord::identity(kFar));
    hear(kA, SignedRecord::interest(kFar, 4, "a").with_wrong_signature());
    EXPECT_EQ(refused, Reasons{DropReason::Forged});
    EXPECT_EQ(records.find(interest_key(kFar)), nullptr);
    EXPECT_EQ(take_acks(kA).size(), 2U);
}

TEST_F(RecordsTest, AnIdentityThatIsNotOfThisMeshIsRefused) {
    meet(kA);
    hear(kA, SignedRecord({.origin = kFar, .kind = RecordKind::Identity, .part = 0},
                          {.epoch = 1, .counter = 1}, "something else"));
    EXPECT_EQ(refused, Reasons{DropReason::Forged});
    EXPECT_TRUE(records.all(RecordKind::Identity).empty());
}

TEST_F(RecordsTest, AWithdrawnIdentityEndsWhatItsOriginMayTell) {
    meet(kA);
    hear(kA, SignedRecord::identity(kFar));
    hear(kA, SignedRecord({.origin = kFar, .kind = RecordKind::Identity, .part = 0},
                          {.epoch = 1, .counter = 2}, ""));
    hear(kA, SignedRecord::interest(kFar, 4, "a"));
    EXPECT_EQ(records.find(interest_key(kFar)), nullptr);
}

TEST_F(RecordsTest, ADuplicateIsAcknowledgedWithoutVerification) {
    meet(kA);
    meet(kB);
    hear(kA, SignedRecord::identity(kFar));
    hear(kB, SignedRecord::identity(kFar));
    EXPECT_EQ(trust.verified_count, 1U);
    EXPECT_EQ(changes.size(), 1U);
    EXPECT_EQ(take_acks(kB).size(), 1U);
    EXPECT_TRUE(take_records(kB).empty());  // it has it
}

TEST_F(RecordsTest, OneVersionWithTwoBodiesIsForged) {
    meet(kA);
    hear(kA, SignedRecord::identity(kFar));
    hear(kA, SignedRecord::interest(kFar, 4, "a"));
    hear(kA, SignedRecord::interest(kFar, 4, "b"));
    EXPECT_EQ(refused, Reasons{DropReason::Forged});
    EXPECT_EQ(as_text(records.find(interest_key(kFar))->body()), "a");
}

TEST_F(RecordsTest, AnOlderRecordIsAcknowledgedAndAnsweredWithTheNewer) {
    meet(kA);
    meet(kB);
    hear(kA, SignedRecord::identity(kFar));
    hear(kA, SignedRecord::interest(kFar, 4, "a"));
    acknowledge_all(kB);
    hear(kB, SignedRecord::interest(kFar, 3, "b"));
    EXPECT_EQ(take_acks(kB)[0].version.counter, 3U);
    const auto answered = take_records(kB);
    ASSERT_EQ(answered.size(), 1U);
    EXPECT_EQ(answered[0].version.counter, 4U);
}

TEST_F(RecordsTest, ANewerRecordTakesThePlaceOfTheOlder) {
    meet(kA);
    hear(kA, SignedRecord::identity(kFar));
    hear(kA, SignedRecord::interest(kFar, 4, "a"));
    hear(kA, SignedRecord::interest(kFar, 5, "b"));
    EXPECT_EQ(as_text(records.find(interest_key(kFar))->body()), "b");
    EXPECT_EQ(records.all(RecordKind::Interest).size(), 1U);
}

TEST_F(RecordsTest, WhoIsNoNeighborIsNotHeard) {
    hear(kA, SignedRecord::identity(kFar));
    records.on_digest(kA, {.kind = RecordKind::Identity, .buckets = {}}, now);
    records.on_digest_list(kA, {.kind = RecordKind::Identity}, now);
    records.on_request(kA, {.records = {{.key = interest_key(kFar), .version = {}}}});
    records.on_ack(kA, {.records = {{.key = interest_key(kFar), .version = {}}}}, now);
    records.flush(now);
    EXPECT_TRUE(sent.empty());
    EXPECT_TRUE(changes.empty());
}

TEST_F(RecordsTest, WhatNoCorrectNodeSendsIsMalformed) {
    meet(kA);
    hear(kA, SignedRecord::identity(kFar).with_lifetime_s(0));
    hear(kA, SignedRecord::identity(kFar).with_lifetime_s(24 * 3600 + 1));
    hear(kA, SignedRecord::identity(kFar).with_lifetime_s(3600).with_left_ms(3'601'000));
    hear(kA, SignedRecord({.origin = kFar, .kind = RecordKind::Identity, .part = 1}, {}, "a"));
    hear(kA, SignedRecord({.origin = kFar, .kind = RecordKind::LinkState, .part = 1}, {}, "a"));
    EXPECT_EQ(refused, Reasons(5, DropReason::Malformed));
    EXPECT_TRUE(changes.empty());
}

TEST_F(RecordsTest, AnOriginHasSoManyBytesOfRecords) {
    meet(kA);
    hear(kA, SignedRecord::identity(kFar));
    const std::string body(kRecordBodyBytesMax, 'x');
    std::uint16_t part = 0;
    while (refused.empty() && part < kRecordPartsMax) {
        hear(kA, SignedRecord::interest(kFar, 1, body, part++));
    }
    EXPECT_EQ(refused, Reasons{DropReason::RecordTooLarge});
    EXPECT_LE(records.record_bytes(), kOriginRecordBytesMax);
    EXPECT_GT(records.record_bytes() + kRecordBodyBytesMax + 100, kOriginRecordBytesMax);

    hear(kA, SignedRecord::interest(kFar, 2, "smaller", 0));  // makes room
    hear(kA, SignedRecord::interest(kFar, 1, "small", 255));
    EXPECT_EQ(refused.size(), 1U);
}

TEST_F(RecordsTest, AMeshHasSoManyOrigins) {
    meet(kA);
    for (std::uint64_t node = 1000; node < 1000 + kNodesMax; ++node) {
        hear(kA, SignedRecord::identity(NodeId(node)));
    }
    EXPECT_TRUE(refused.empty());
    hear(kA, SignedRecord::identity(kFar));
    EXPECT_EQ(refused, Reasons{DropReason::RecordTooLarge});
}

TEST_F(RecordsTest, WhatHasLittleLeftToLiveIsNotTaken) {
    meet(kA);
    const auto left_ms = static_cast<std::uint32_t>(to_ms(kRecordLeftMin));
    hear(kA, SignedRecord::identity(kFar).with_left_ms(left_ms - 1));
    EXPECT_TRUE(changes.empty());
    EXPECT_EQ(take_acks(kA).size(), 1U);
    hear(kA, SignedRecord::identity(kFar).with_left_ms(left_ms));
    EXPECT_EQ(changes.size(), 1U);
}

TEST_F(RecordsTest, ARecordIsForgottenWhenItsLifeEnds) {
    meet(kA);
    hear(kA, SignedRecord::identity(kFar).with_left_ms(3'600'000));
    EXPECT_EQ(take_acks(kA).size(), 1U);
    const Digests before = records.digests();
    EXPECT_NE(before, Digests{});
    EXPECT_EQ(records.deadline(), kStart + 1h);
    advance(kStart + 1h - 1ns - now);
    EXPECT_EQ(records.digests(), before);
    advance(1ns);
    EXPECT_EQ(records.digests(), Digests{});
    EXPECT_EQ(changes.back().second, "forgotten");
    EXPECT_EQ(records.record_bytes(), 0U);
}

TEST_F(RecordsTest, ARecordIsHandedOnWithWhatIsLeftOfItsLife) {
    meet(kA);
    hear(kA, SignedRecord::identity(kFar).with_left_ms(3'600'000));
    advance(10min);
    meet(kB);
    records.on_request(kB, {.records = {{SignedRecord::identity(kFar).record().key, {}}}});
    const auto handed_on = take<Record>(kB);
    ASSERT_EQ(handed_on.size(), 1U);
    EXPECT_EQ(handed_on[0].left_ms, 3'000'000U);
    EXPECT_EQ(handed_on[0].lifetime_s, 24U * 3600U);
}

// Leaves.

TEST_F(RecordsTest, ALeafTellsOfItselfAlone) {
    meet(kA, NodeRole::Leaf);
    hear(kA, SignedRecord::identity(kA));
    EXPECT_TRUE(refused.empty());
    hear(kA, SignedRecord::identity(kFar));
    EXPECT_EQ(refused, Reasons{DropReason::NotAuthorized});
    EXPECT_EQ(records.all(RecordKind::Identity).size(), 1U);
}

TEST_F(RecordsTest, ALeafIsNotAskedForWhatOthersTold) {
    meet(kA, NodeRole::Leaf);
    DigestList list{.kind = RecordKind::Identity, .bucket_mask = ~0ULL};
    for (const NodeId node : {kA, kFar}) {
        list.records.push_back({SignedRecord::identity(node).record().key, {1, 1}});
    }
    list.first = {.origin = NodeId(0), .kind = RecordKind::Identity, .part = 0};
    list.last = {.origin = NodeId(UINT64_MAX), .kind = RecordKind::Identity, .part = 0};
    records.on_digest_list(kA, list, now);
    const auto requests = take<RecordRequest>(kA);
    ASSERT_EQ(requests.size(), 1U);
    ASSERT_EQ(requests[0].records.size(), 1U);
    EXPECT_EQ(requests[0].records[0].key.origin, kA);
}

class LeafRecordsTest : public RecordsTest {
  protected:
    LeafRecordsTest() { options.role = NodeRole::Leaf; }
    Records leaf{(options.role = NodeRole::Leaf, options),
                 {.trust = trust, .listener = *this, .pool = nullptr},
                 1};
};

TEST_F(LeafRecordsTest, HandsOnWhatItTellsItselfAlone) {
    leaf.on_neighbor_up(kA, NodeRole::Router, now);
    leaf.on_neighbor_up(kB, NodeRole::Router, now);
    ASSERT_TRUE(leaf.tell(RecordKind::Identity, 0, trust.certificate(), now));
    leaf.on_record(kA, SignedRecord::identity(kFar).record(), now);
    leaf.on_digest(kB, {.kind = RecordKind::Identity, .buckets = {}}, now);
    leaf.on_request(kB, {.records = {{SignedRecord::identity(kFar).record().key, {}}}});
    leaf.flush(now);
    const auto told = take_records(kB);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].key.origin, kSelf);
}

// Earlier lives.

TEST_F(RecordsTest, ANodeTellsAgainWhatAnEarlierLifeToldNewer) {
    meet(kA);
    ASSERT_TRUE(records.tell(RecordKind::Interest, 0, as_bytes("now"), now));
    hear(kA, SignedRecord(interest_key(kSelf), {.epoch = 9, .counter = 5}, "then"));
    const StoredRecord* stored = records.find(interest_key(kSelf));
    ASSERT_NE(stored, nullptr);
    EXPECT_EQ(as_text(stored->body()), "now");
    EXPECT_GT(stored->version, (Version{.epoch = 9, .counter = 5}));
    EXPECT_EQ(take_acks(kA).size(), 1U);
}

TEST_F(RecordsTest, ANodeWithdrawsWhatOnlyAnEarlierLifeTold) {
    meet(kA);
    hear(kA, SignedRecord(interest_key(kSelf, 5), {.epoch = 6, .counter = 5}, "then"));
    EXPECT_EQ(records.find(interest_key(kSelf, 5)), nullptr);
    const auto told = take<Record>(kA);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_TRUE(told[0].body.empty());
    EXPECT_EQ(told[0].version.epoch, 7U);
}

TEST_F(RecordsTest, ANodeTakesBackWhatAnEarlierLifeWithdrew) {
    meet(kA);
    hear(kA, SignedRecord(interest_key(kSelf, 5), {.epoch = 6, .counter = 5}, ""));
    EXPECT_TRUE(take_records(kA).empty());  // nothing to add
    EXPECT_TRUE(records.has({interest_key(kSelf, 5), {6, 5}}));
    ASSERT_TRUE(records.tell(RecordKind::Interest, 5, as_bytes("now"), now));
    EXPECT_NE(records.find(interest_key(kSelf, 5)), nullptr);
}

TEST_F(RecordsTest, ANodeWhoseClockStoodStillTellsAgainWhatIsTwoFold) {
    meet(kA);
    ASSERT_TRUE(records.tell(RecordKind::Interest, 0, as_bytes("now"), now));
    hear(kA, SignedRecord(interest_key(kSelf), {.epoch = 7, .counter = 1}, "then"));
    EXPECT_TRUE(refused.empty());
    EXPECT_EQ(records.own_version(RecordKind::Interest, 0).counter, 2U);
    EXPECT_EQ(as_text(records.find(interest_key(kSelf))->body()), "now");
}

TEST_F(RecordsTest, ForgeriesOfThisNodeAreRefused) {
    meet(kA);
    ASSERT_TRUE(records.tell(RecordKind::Interest, 0, as_bytes("now"), now));
    hear(kA, SignedRecord(interest_key(kSelf), {.epoch = 9, .counter = 5}, "forged")
                 .with_wrong_signature());
    hear(kA, SignedRecord(interest_key(kSelf), {.epoch = 7, .counter = 1}, "forged")
                 .with_wrong_signature());
    EXPECT_EQ(refused, Reasons(2, DropReason::Forged));
    EXPECT_EQ(records.own_version(RecordKind::Interest, 0).counter, 1U);
}

// Flooding.

TEST_F(RecordsTest, WhatIsNotAcknowledgedIsSentAgainLessAndLessOften) {
    meet(kA);
    ASSERT_TRUE(records.tell(RecordKind::Interest, 0, as_bytes("a"), now));
    EXPECT_EQ(take_records(kA).size(), 1U);
    std::vector<std::int64_t> waits_ms;
    Instant last = now;
    for (int i = 0; i < 6; ++i) {
        advance(records.deadline() - now);
        while (take_records(kA).empty()) {
            advance(records.deadline() - now);
        }
        waits_ms.push_back(to_ms(now - last));
        last = now;
    }
    EXPECT_EQ(waits_ms, (std::vector<std::int64_t>{100, 200, 400, 800, 1600, 2000}));

    records.on_ack(
        kA, {.records = {{interest_key(kSelf), records.own_version(RecordKind::Interest, 0)}}},
        now);
    records.flush(now);
    advance(1h);
    EXPECT_TRUE(take_records(kA).empty());
}

TEST_F(RecordsTest, WhatIsNeverAcknowledgedIsGivenUp) {
    meet(kA);
    ASSERT_TRUE(records.tell(RecordKind::Interest, 0, as_bytes("a"), now));
    int sends = 0;
    for (int i = 0; i < 1000; ++i) {
        sends += static_cast<int>(take_records(kA).size());
        advance(100ms);
    }
    EXPECT_EQ(sends, kRecordSendsMax);
}

TEST_F(RecordsTest, AnAcknowledgementOfAnOlderVersionIsNotOne) {
    meet(kA);
    ASSERT_TRUE(records.tell(RecordKind::Interest, 0, as_bytes("a"), now));
    const Version first = records.own_version(RecordKind::Interest, 0);
    take_records(kA);
    ASSERT_TRUE(records.tell(RecordKind::Interest, 0, as_bytes("b"), now));
    EXPECT_EQ(take_records(kA).size(), 1U);
    records.on_ack(kA, {.records = {{interest_key(kSelf), first}}}, now);
    records.flush(now);
    advance(100ms);
    EXPECT_EQ(take_records(kA).size(), 1U);
}

TEST_F(RecordsTest, WhatIsInFlightIsBounded) {
    meet(kA);
    for (std::uint16_t part = 0; part < 50; ++part) {
        const std::string body(kRecordBodyBytesMax, static_cast<char>('a' + part % 26));
        ASSERT_TRUE(records.tell(RecordKind::Interest, part, as_bytes(body), now));
    }
    std::size_t received = 0;
    while (received < 50) {
        const auto batch = take_records(kA);
        ASSERT_FALSE(batch.empty());
        EXPECT_LE(batch.size() * kRecordBodyBytesMax, kRecordBytesInFlightMax);
        received += batch.size();
        records.on_ack(kA, {.records = RecordVersions(batch.begin(), batch.end())}, now);
    }
    EXPECT_EQ(received, 50U);
}

TEST_F(RecordsTest, ANeighborThatWentIsNotSentAnything) {
    meet(kA);
    ASSERT_TRUE(records.tell(RecordKind::Interest, 0, as_bytes("a"), now));
    take_records(kA);
    records.on_neighbor_down(kA);
    advance(1s);
    records.flush(now);
    EXPECT_TRUE(sent.empty());
}

// Anti-entropy.

TEST_F(RecordsTest, NeighborsThatMeetCompareAtTheFirstHello) {
    meet(kA);
    ASSERT_TRUE(records.tell(RecordKind::Identity, 0, trust.certificate(), now));
    records.on_neighbor_digests(kA, {}, now);
    const auto digests = take<Digest>(kA);
    ASSERT_EQ(digests.size(), 1U);
    EXPECT_EQ(digests[0].kind, RecordKind::Identity);
    const RecordKey key{.origin = kSelf, .kind = RecordKind::Identity, .part = 0};
    EXPECT_NE(digests[0].buckets[record_bucket(key)], 0U);
}

TEST_F(RecordsTest, WhoHasTheSameIsNotCompared) {
    ASSERT_TRUE(records.tell(RecordKind::Identity, 0, trust.certificate(), now));
    meet(kA);
    records.on_neighbor_digests(kA, records.digests(), now);
    records.on_digest(kA, {.kind = RecordKind::Interest, .buckets = {}}, now);
    records.flush(now);
    EXPECT_TRUE(sent.empty());
}

TEST_F(RecordsTest, WhoHasNothingGetsEverything) {
    ASSERT_TRUE(records.tell(RecordKind::Interest, 0, as_bytes("a"), now));
    ASSERT_TRUE(records.tell(RecordKind::Interest, 1, as_bytes("b"), now));
    ASSERT_TRUE(records.tell(RecordKind::Interest, 1, {}, now));
    meet(kA);
    records.on_digest(kA, {.kind = RecordKind::Interest, .buckets = {}}, now);
    EXPECT_EQ(take_records(kA).size(), 2U);  // one of them withdrawn
}

TEST_F(RecordsTest, ADifferentBucketIsListed) {
    ASSERT_TRUE(records.tell(RecordKind::Interest, 0, as_bytes("a"), now));
    meet(kA);
    Digest digest{.kind = RecordKind::Interest, .buckets = {}};
    digest.buckets[record_bucket(interest_key(kSelf))] = 12345;
    records.on_digest(kA, digest, now);
    const auto lists = take<DigestList>(kA);
    ASSERT_EQ(lists.size(), 1U);
    ASSERT_EQ(lists[0].records.size(), 1U);
    EXPECT_EQ(lists[0].records[0].key, interest_key(kSelf));
    EXPECT_TRUE(take_records(kA).empty());
}

TEST_F(RecordsTest, AListIsAnsweredWithWhatItLacksAndAQuestion) {
    ASSERT_TRUE(records.tell(RecordKind::Interest, 0, as_bytes("a"), now));
    meet(kA);
    DigestList list{.kind = RecordKind::Interest, .bucket_mask = ~0ULL};
    list.records.push_back({interest_key(kFar, 7), {1, 1}});
    list.first = interest_key(NodeId(0));
    list.last = interest_key(NodeId(UINT64_MAX), UINT16_MAX);
    records.on_digest_list(kA, list, now);
    EXPECT_EQ(take_records(kA).size(), 1U);
    const auto requests = take<RecordRequest>(kA);
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_EQ(requests[0].records[0].key, interest_key(kFar, 7));
}

TEST_F(RecordsTest, WhatIsAskedForIsSent) {
    ASSERT_TRUE(records.tell(RecordKind::Interest, 0, as_bytes("a"), now));
    meet(kA);
    records.on_request(kA, {.records = {{interest_key(kSelf), {}}, {interest_key(kFar), {}}}});
    EXPECT_EQ(take_records(kA).size(), 1U);
}

TEST_F(RecordsTest, DifferencesThatAreOnTheirWayAreNotCompared) {
    meet(kA);
    records.on_neighbor_digests(kA, records.digests(), now);
    ASSERT_TRUE(records.tell(RecordKind::Interest, 0, as_bytes("a"), now));
    take_records(kA);
    for (int i = 0; i < 5; ++i) {
        records.on_neighbor_digests(kA, {}, now);
    }
    EXPECT_TRUE(take<Digest>(kA).empty());
}

}  // namespace
}  // namespace kith::mesh
