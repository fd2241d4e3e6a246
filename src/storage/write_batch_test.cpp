#include "storage/write_batch.h"

#include <gtest/gtest.h>

#include "storage/limits.h"
#include "storage/testing/record_text.h"
#include "storage/testing/workload.h"

namespace kith::storage {
namespace {

using testing::to_text;

TEST(WriteBatch, ReplaysItsChangesInOrderWithEveryField) {
    WriteBatch batch;
    const std::vector<std::uint8_t> bytes{0, 1, 0xFF};
    batch.put_session({.id = SessionId(0x0102030405060708),
                       .tenant = TenantId(7),
                       .client_id = "press-07",
                       .principal = "token:k3",
                       .session_expiry_interval_s = 0xFFFFFFFF,
                       .protocol_version = 5,
                       .disconnected_at = WallTime::from_ms(-1),
                       .will = bytes});
    batch.put_subscription({.session = SessionId(1),
                            .filter = "$share/g/a/#",
                            .options = 0x2D,
                            .subscription_identifier = 268'435'455});
    batch.delete_subscription(SessionId(1), "a/+");
    batch.put_message({.id = MessageId(UINT64_MAX),
                       .tenant = TenantId(1),
                       .topic = "a/b",
                       .payload = bytes,
                       .properties = {},
                       .qos = Qos::ExactlyOnce,
                       .published_at = WallTime::from_ms(5),
                       .expires_at = WallTime::from_ms(6)});
    batch.put_delivery({.session = SessionId(1),
                        .sequence = 2,
                        .message = MessageId(2),
                        .qos = Qos::AtLeastOnce,
                        .retain = true,
                        .state = DeliveryState::Sent,
                        .size_bytes = 0xFFFFFFFF,
                        .expires_at = WallTime::from_ms(7),
                        .subscription_identifiers = bytes});
    batch.set_delivery({SessionId(1), 2, MessageId(2)}, DeliveryState::Released);
    batch.delete_delivery({SessionId(1), 2, MessageId(2)});
    batch.put_inbound(SessionId(1), PacketId(4));
    batch.delete_inbound(SessionId(1), PacketId(4));
    batch.put_retained({.tenant = TenantId(2),
                        .topic = "r",
                        .payload = bytes,
                        .properties = bytes,
                        .qos = Qos::AtLeastOnce,
                        .published_at = WallTime::from_ms(8),
                        .expires_at = WallTime::from_ms(9)});
    batch.delete_retained(TenantId(2), "");
    batch.put_mark({.key = as_bytes("k"), .value = bytes});
    batch.delete_mark(bytes);
    batch.delete_session(SessionId(9));

    EXPECT_EQ(batch.change_count(), 14U);
    EXPECT_EQ(
        to_text(batch),
        "put session 72623859790382856 tenant=7 client=press-07 principal=token:k3 "
        "expiry=4294967295 version=5 at=-1 3:0001ff\n"
        "put subscription 1 $share/g/a/# options=45 identifier=268435455\n"
        "delete subscription 1 a/+\n"
        "put message 18446744073709551615 tenant=1 a/b payload=3:0001ff properties=0: qos=2 "
        "at=5 expires=6\n"
        "put delivery 1 at 2 of 2 qos=1 retain=true state=1 bytes=4294967295 expires=7 3:0001ff\n"
        "set delivery 1 at 2 of 2 state=2\n"
        "delete delivery 1 at 2 of 2\n"
        "put inbound 1 4\n"
        "delete inbound 1 4\n"
        "put retained tenant=2 r payload=3:0001ff properties=3:0001ff qos=1 at=8 expires=9\n"
        "delete retained 2 \n"
        "put mark 1:6b value=3:0001ff\n"
        "delete mark 3:0001ff\n"
        "delete session 9\n");
}

/// A batch is a visitor itself, so replaying one into another must give the same batch.
TEST(WriteBatch, SurvivesReplayIntoAnotherBatch) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        WriteBatch batch;
        testing::Workload(seed).fill(batch, 60);
        WriteBatch copy;
        batch.visit(copy);
        EXPECT_EQ(copy.change_count(), batch.change_count());
        EXPECT_EQ(copy.size_bytes(), batch.size_bytes());
        EXPECT_EQ(to_text(copy), to_text(batch)) << "seed " << seed;
    }
}

TEST(WriteBatch, IsEmptyAfterClear) {
    WriteBatch batch;
    EXPECT_TRUE(batch.empty());
    batch.delete_session(SessionId(1));
    EXPECT_FALSE(batch.empty());
    EXPECT_EQ(batch.size_bytes(), 9U);
    batch.clear();
    EXPECT_TRUE(batch.empty());
    EXPECT_EQ(batch.size_bytes(), 0U);
    EXPECT_EQ(to_text(batch), "");
}

TEST(WriteBatch, KeepsMemoryForSteadyTrafficButNotThatOfAGiant) {
    WriteBatch batch;
    const std::vector<std::uint8_t> payload(kBatchKeptBytesMax / 2);
    batch.put_message({.id = MessageId(1), .topic = "t", .payload = payload});
    const std::size_t kept = batch.kept_bytes();
    batch.clear();
    EXPECT_EQ(batch.kept_bytes(), kept);

    const std::vector<std::uint8_t> giant(kBatchKeptBytesMax * 2);
    batch.put_message({.id = MessageId(2), .topic = "t", .payload = giant});
    EXPECT_GT(batch.kept_bytes(), kBatchKeptBytesMax);
    batch.clear();
    EXPECT_LE(batch.kept_bytes(), kBatchKeptBytesMax);
}

TEST(WriteBatchDeathTest, AMarkBeyondItsLimitsIsABrokenInvariant) {
    const std::vector<std::uint8_t> key(kMarkKeyBytesMax + 1);
    const std::vector<std::uint8_t> value(kMarkValueBytesMax + 1);
    const Bytes largest_key = Bytes(key).first(kMarkKeyBytesMax);
    WriteBatch batch;
    batch.put_mark({.key = largest_key, .value = Bytes(value).first(kMarkValueBytesMax)});
    batch.delete_mark(largest_key);
    EXPECT_EQ(batch.change_count(), 2U);
    EXPECT_DEATH(batch.put_mark({.key = key, .value = {}}), "kMarkKeyBytesMax");
    EXPECT_DEATH(batch.put_mark({.key = {}, .value = {}}), "empty");
    EXPECT_DEATH(batch.put_mark({.key = largest_key, .value = value}), "kMarkValueBytesMax");
    EXPECT_DEATH(batch.delete_mark(key), "kMarkKeyBytesMax");
    EXPECT_DEATH(batch.delete_mark({}), "empty");
}

}  // namespace
}  // namespace kith::storage
