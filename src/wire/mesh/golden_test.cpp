// The bytes of one frame of each type, so that the format cannot drift unnoticed: a change here is
// a change of docs/formats/mesh.md, and of what nodes that run already understand.
#include <algorithm>

#include "base/hash.h"
#include "wire/mesh/testing/codec_testing.h"

namespace kith::mesh {
namespace {

using namespace testing;

const NodeId kOrigin(0x0102030405060708);
const Buffer kSignature(kSignatureBytes, 0xAA);

/// Hexadecimal digits with spaces between the fields.
std::string digits(std::string text) {
    text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
    return text;
}

std::string hex(const Frame& frame) {
    return to_hex(to_bytes(frame));
}

TEST(Golden, HelloAsItUsuallyIs) {
    Hello frame;
    frame.sequence = 70'000;
    frame.wants_answer = true;
    frame.interval_ms = 500;
    frame.sent_at_us = 1'000;
    frame.echo_sent_at_us = 900;
    frame.echo_held_us = 199;
    frame.received_frames = 300;
    frame.heard_of_last_16 = 0xFFFE;
    frame.digests.of_kind = {1, 0, 3, 0, 0};
    EXPECT_EQ(hex(frame), digits("22 08 0d f0a204 f403 e807 8407 c701 ac02 fffe "
                                 "05 0000000000000001 0000000000000003"));
}

TEST(Golden, HelloThatTellsLittle) {
    Hello frame;
    frame.sequence = 1;
    frame.is_answer = true;
    frame.tells_digests = false;
    EXPECT_EQ(hex(frame), digits("08 08 02 01 00 00 00 0000"));
}

TEST(Golden, ReceiptOfFrames) {
    EXPECT_EQ(hex(Receipt{.received_frames = 258}), digits("05 10 00000102"));
}

TEST(Golden, RecordAndWhatIsSigned) {
    const Buffer body{'h', 'i'};
    Record frame;
    frame.left_ms = 1'000;
    frame.key = {kOrigin, RecordKind::LinkState, 3};
    frame.version = {.epoch = 4, .counter = 5};
    frame.lifetime_s = 86'400;
    frame.body = body;
    frame.signature = kSignature;
    const std::string told = digits("0102030405060708 02 0003 00000004 00000005 00015180 02 6869");
    EXPECT_EQ(hex(frame), digits("5f 18 000003e8") + told + to_hex(kSignature));
    Buffer covered(signed_bytes(frame));
    (void)encode_signed(frame, covered);
    EXPECT_EQ(to_hex(covered), to_hex(as_bytes("kith-mesh-record-1")) + told);
}

TEST(Golden, RecordAckAndRecordRequest) {
    const RecordVersion record{{kOrigin, RecordKind::Interest, 0x00FF}, {7, 8}};
    EXPECT_EQ(hex(RecordAck{.records = {record}}),
              digits("15 20 01 0102030405060708 03 00ff 00000007 00000008"));
    EXPECT_EQ(hex(RecordRequest{.records = {record}}), digits("0d 28 01 0102030405060708 03 00ff"));
}

TEST(Golden, DigestOfTwoBuckets) {
    Digest frame;
    frame.kind = RecordKind::Interest;
    frame.buckets[0] = 7;
    frame.buckets[63] = 9;
    EXPECT_EQ(hex(frame), digits("1a 30 03 8000000000000001 0000000000000007 0000000000000009"));
}

TEST(Golden, DigestListWithBounds) {
    DigestList frame;
    frame.kind = RecordKind::LinkState;
    frame.bucket_mask = 1;
    frame.records = {{{kOrigin, RecordKind::LinkState, 2}, {3, 4}}};
    frame.first = {NodeId(), RecordKind::LinkState, 0};
    frame.last = {NodeId(~std::uint64_t{0}), RecordKind::LinkState, 0xFFFF};
    EXPECT_EQ(hex(frame),
              digits("31 38 02 0000000000000001 0000000000000000 0000 "
                     "ffffffffffffffff ffff 01 0102030405060708 0002 00000003 00000004"));
}

TEST(Golden, EchoOfAWave) {
    Echo frame;
    frame.initiator = kOrigin;
    frame.epoch = 7;
    frame.wave = 9;
    frame.wanted = {{{kOrigin, RecordKind::Interest, 1}, {7, 2}}};
    EXPECT_EQ(hex(frame), digits("26 40 0102030405060708 00000007 00000009 01 "
                                 "01 0102030405060708 03 0001 00000007 00000002"));
}

Data message() {
    static const Buffer properties{0x01, 0x01};
    Data frame;
    frame.id = {kOrigin, 4, 300};
    frame.priority = Priority::Alarm;
    frame.hops_left = 16;
    frame.qos = 1;
    frame.retain = true;
    frame.wants_replica = true;
    frame.flow = 8;
    frame.published_at_ms = -1;
    frame.expires_after_ms = 300;
    frame.tenant = 5;
    Destination& first = frame.destinations.emplace_back();
    first.node = NodeId(1);
    first.stream_sequence = 300;
    first.stream_first = 298;
    Destination& second = frame.destinations.emplace_back();
    second.node = NodeId(2);
    second.for_all = false;
    second.groups = {1, 2};
    frame.topic = "a/b";
    frame.properties = properties;
    frame.payload = as_bytes("ok");
    return frame;
}

TEST(Golden, DataOfManyFields) {
    EXPECT_EQ(hex(message()), digits("55 49 0102030405060708 00000004 ac02 4d 10 0000000000000008 "
                                     "ffffffffffffffff ac02 05 02 0000000000000001 03 ac02 02 "
                                     "0000000000000002 04 02 0000000000000001 0000000000000002 "
                                     "03 612f62 02 0101 00 6f6b"));
}

TEST(Golden, DataThatIsVoid) {
    Data frame;
    frame.id = {kOrigin, 4, 1};
    frame.kind = DataKind::Void;
    frame.qos = 2;
    frame.destinations.emplace_back().node = NodeId(1);
    EXPECT_EQ(hex(frame), digits("2e 4c 0102030405060708 00000004 01 12 00 0000000000000000 "
                                 "0000000000000000 00 01 0000000000000001 01 00 00 00"));
}

TEST(Golden, CustodyAckOfTwo) {
    CustodyAck frame;
    frame.entries.emplace_back().id = {kOrigin, 4, 1};
    CustodyEntry& held = frame.entries.emplace_back();
    held.id = {kOrigin, 4, 2};
    held.verdict = CustodyVerdict::Held;
    held.destinations = {NodeId(3)};
    EXPECT_EQ(hex(frame), digits("28 50 02 0102030405060708 00000004 01 00 00 "
                                 "0102030405060708 00000004 02 02 01 0000000000000003"));
}

TEST(Golden, CreditOfAClass) {
    EXPECT_EQ(hex(Credit{.priority = Priority::Default, .bytes_total = 128}),
              digits("04 58 04 8001"));
}

TEST(Golden, GoodbyeWithAReason) {
    EXPECT_EQ(hex(Goodbye{.reason = GoodbyeReason::NotAMember}), digits("02 60 02"));
}

TEST(Golden, DataThatHasANumber) {
    Data frame;
    frame.id = {kOrigin, 4, 1};
    frame.number = 0x0102;
    frame.destinations.emplace_back().node = NodeId(1);
    EXPECT_EQ(hex(frame), digits("38 4c 0102030405060708 00000004 01 00 00 0000000000000000 "
                                 "0000000000000000 00 01 0000000000000001 01 00 00 "
                                 "0a 02 08 0000000000000102"));
}

TEST(Golden, DataThatSetsARetainedMessage) {
    Data frame;
    frame.id = {kOrigin, 4, 1};
    frame.retain = true;
    frame.state_time = 0x0102;
    frame.state_replaces = 1;
    frame.state_forget_h = 3;
    frame.destinations.emplace_back().node = NodeId(1);
    EXPECT_EQ(hex(frame), digits("44 4c 0102030405060708 00000004 01 04 00 0000000000000000 "
                                 "0000000000000000 00 01 0000000000000001 01 00 00 "
                                 "16 01 14 0000000000000102 0000000000000001 00000003"));
}

constexpr StateKey kRetainedKey{.hash = 0x1122334455667788, .kind = StateKind::Retained};
const Stamp kStamp{.time = 0x0A0B, .writer = kOrigin};

TEST(Golden, StateOfARetainedMessage) {
    State frame;
    frame.key = kRetainedKey;
    frame.stamp = kStamp;
    frame.replaces = 7;
    frame.forget_h = 9;
    frame.qos = 1;
    frame.name = "a";
    frame.published_at_ms = 5;
    frame.expires_after_ms = 300;
    frame.value = as_bytes("ok");
    EXPECT_EQ(hex(frame), digits("38 6e 1122334455667788 01 0000000000000a0b 0102030405060708 "
                                 "0000000000000007 00000009 01 00 01 61 0000000000000005 ac02 00 "
                                 "02 6f6b"));
}

TEST(Golden, StateThatIsGone) {
    State frame;
    frame.key = {.hash = 1, .kind = StateKind::Session};
    frame.stamp = kStamp;
    frame.is_gone = true;
    EXPECT_EQ(hex(frame), digits("27 6a 0000000000000001 02 0000000000000a0b 0102030405060708 "
                                 "0000000000000000 00000000 04"));
}

TEST(Golden, StateDigestListAndRequest) {
    StateDigest digest;
    digest.buckets[0] = 7;
    digest.buckets[255] = 9;
    EXPECT_EQ(hex(digest),
              digits("31 70 01 000000000000000000000000000000 000000000000000000000000000000 80 "
                     "0000000000000007 0000000000000009"));
    StateList list;
    list.last = kRetainedKey;
    list.entries.push_back({.key = kRetainedKey, .stamp = kStamp});
    EXPECT_EQ(hex(list), digits("2d 78 0000000000000000 01 1122334455667788 01 01 "
                                "1122334455667788 01 0000000000000a0b 0102030405060708"));
    EXPECT_EQ(hex(StateRequest{.keys = {kRetainedKey}}), digits("0b 80 01 1122334455667788 01"));
}

TEST(Golden, CircuitFromItsOpeningToItsEnd) {
    Circuit frame;
    frame.id = {kOrigin, 0x0A0B0C0D, 300};
    frame.destination = NodeId(2);
    frame.way = 1;
    frame.hops_left = 32;
    EXPECT_EQ(hex(frame), digits("1a 8d 0102030405060708 0a0b0c0d ac02 04 0000000000000002 01 20"));
    frame.resumes = true;
    EXPECT_EQ(hex(frame), digits("1a 8d 0102030405060708 0a0b0c0d ac02 0c 0000000000000002 01 20"));
    frame.resumes = false;
    const Buffer bytes{'h', 'i'};
    frame.kind = CircuitKind::Bytes;
    frame.before = 128;
    frame.bytes = bytes;
    EXPECT_EQ(hex(frame), digits("15 8e 0102030405060708 0a0b0c0d ac02 05 8001 02 6869"));
    frame.kind = CircuitKind::Room;
    frame.is_from_origin = false;
    frame.received = 130;
    frame.allowed = 131;
    EXPECT_EQ(hex(frame), digits("14 8d 0102030405060708 0a0b0c0d ac02 02 8201 8301"));
    frame.kind = CircuitKind::Close;
    frame.end = CircuitEnd::Broken;
    EXPECT_EQ(hex(frame), digits("11 8d 0102030405060708 0a0b0c0d ac02 03 04"));
}

TEST(Golden, LinkStateOfALeaf) {
    LinkStateBody body;
    body.role = NodeRole::Leaf;
    body.is_leaving = true;
    body.name = "h2";
    body.neighbors = {{NodeId(1), 300}, {NodeId(2), kCostMax}};
    body.locators = {"[::1]:7", "b:8"};
    EXPECT_EQ(to_hex(encode(body)), digits("03 02 0000000000000001 ac02 0000000000000002 ffffff07 "
                                           "02 6832 02 07 5b3a3a315d3a37 03 623a38"));
}

TEST(Golden, InterestOfThreeFilters) {
    const InterestBody body{.entries = {{0, "", "#"}, {0, "g", "a"}, {128, "", "+"}}};
    EXPECT_EQ(to_hex(encode(body)), digits("03 00 00 01 23 00 01 67 01 61 8001 00 01 2b"));
}

TEST(Golden, HashesOnWhichNodesAgree) {
    const RecordKey key{kOrigin, RecordKind::Interest, 2};
    EXPECT_EQ(record_bucket(key), 5U);
    EXPECT_EQ(record_hash(key, {.epoch = 7, .counter = 8}), 0x0D0E1C9C9D437815U);
    EXPECT_EQ(state_hash(0, "a/b"), hash_text("a/b"));
    EXPECT_EQ(state_hash(5, "a/b"), 14966782197332040300U);
    EXPECT_EQ(state_digest(kRetainedKey, kStamp), 3349042747364922214U);
    EXPECT_EQ(share_group_id(5, "g", "a/#"), 0xC21A6EC51D5D8A93U);
}

}  // namespace
}  // namespace kith::mesh
