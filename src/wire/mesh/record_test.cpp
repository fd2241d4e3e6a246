// RECORD, lists of records, ECHO: what each refuses.
#include "wire/mesh/testing/codec_testing.h"

namespace kith::mesh {
namespace {

using namespace testing;

constexpr std::uint64_t kOrigin = 0x0102030405060708;

Buffer record_body(std::uint64_t origin, std::uint8_t kind, std::uint16_t part,
                   std::size_t body_bytes) {
    return BodyBuilder()
        .u32(1'000)
        .u64(origin)
        .u8(kind)
        .u16(part)
        .u32(1)
        .u32(2)
        .u32(3)
        .varint(body_bytes)
        .fill(body_bytes)
        .fill(kSignatureBytes, 0x11);
}

std::string record(const Buffer& body) {
    return decoded_words(FrameType::Record, body).substr(0, 60);
}

TEST(Record, AnEmptyOneIsAWithdrawal) {
    EXPECT_EQ(record(record_body(kOrigin, 3, 255, 0)),
              "record 0102030405060708/3/255@1.2 left=1000 lifetime=3 body=");
}

TEST(Record, ItsBodyHasALimit) {
    EXPECT_EQ(record(record_body(kOrigin, 3, 0, kRecordBodyBytesMax)).substr(0, 6), "record");
    EXPECT_EQ(record(record_body(kOrigin, 3, 0, kRecordBodyBytesMax + 1)),
              "limit: text or blob is too long");
}

TEST(Record, PartsHaveALimit) {
    EXPECT_EQ(record(record_body(kOrigin, 3, kRecordPartsMax, 0)),
              "limit: number of a part is too large");
}

TEST(Record, WithoutAnOriginItIsMalformed) {
    EXPECT_EQ(record(record_body(0, 3, 0, 0)), "malformed: id of a node is 0");
}

TEST(Record, AKindOfANewerNodeIsUnsupported) {
    const std::string reason = "unsupported: kind of record is not known";
    EXPECT_EQ(record(record_body(kOrigin, 0, 0, 0)), reason);
    EXPECT_EQ(record(record_body(kOrigin, kRecordKindCount, 0, 0)).substr(0, 6), "record");
    EXPECT_EQ(record(record_body(kOrigin, kRecordKindCount + 1, 0, 0)), reason);
}

/// A list of `count` records in the words of a RECORD-ACK.
Buffer list_of(std::size_t count) {
    BodyBuilder body;
    body.varint(count);
    for (std::size_t i = 0; i < count; ++i) {
        body.u64(kOrigin).u8(3).u16(1).u32(1).u32(static_cast<std::uint32_t>(i));
    }
    return body;
}

TEST(RecordAck, ListsHaveALimit) {
    EXPECT_EQ(decoded_words(FrameType::RecordAck, list_of(kListEntriesMax)).substr(0, 10),
              "record-ack");
    const std::string reason = "limit: list has too many entries";
    EXPECT_EQ(decoded_words(FrameType::RecordAck, list_of(kListEntriesMax + 1)), reason);
    const Buffer count_alone = BodyBuilder().varint(kListEntriesMax + 1);
    EXPECT_EQ(decoded_words(FrameType::RecordRequest, count_alone), reason);
    EXPECT_EQ(decoded_words(FrameType::CustodyAck, count_alone), reason);
}

TEST(RecordAck, AListIsNotLongerThanItsFrame) {
    const std::string reason = "malformed: frame is shorter than its fields";
    const Buffer count_alone = BodyBuilder().varint(kListEntriesMax);
    for (const FrameType type :
         {FrameType::RecordAck, FrameType::RecordRequest, FrameType::CustodyAck}) {
        EXPECT_EQ(decoded_words(type, count_alone), reason);
    }
}

TEST(RecordRequest, AsksForAnyVersion) {
    const RecordVersion record{{NodeId(kOrigin), RecordKind::Interest, 1}, {7, 8}};
    const Buffer body = body_of(RecordRequest{.records = {record}});
    EXPECT_EQ(decoded_words(FrameType::RecordRequest, body),
              "record-request [0102030405060708/3/1@0.0 ]");
}

TEST(Echo, ReservedFlagsAreMalformed) {
    const auto body = [](std::uint8_t flags) {
        return BodyBuilder().u64(kOrigin).u32(1).u32(2).u8(flags).varint(0).bytes();
    };
    EXPECT_EQ(decoded_words(FrameType::Echo, body(1)),
              "echo 0102030405060708 1 2 complete=true []");
    EXPECT_EQ(decoded_words(FrameType::Echo, body(0)),
              "echo 0102030405060708 1 2 complete=false []");
    EXPECT_EQ(decoded_words(FrameType::Echo, body(2)), "malformed: reserved flag is set");
}

TEST(Echo, WithoutAnInitiatorItIsMalformed) {
    const Buffer body = BodyBuilder().u64(0).u32(1).u32(2).u8(1).varint(0);
    EXPECT_EQ(decoded_words(FrameType::Echo, body), "malformed: id of a node is 0");
}

}  // namespace
}  // namespace kith::mesh
