// DATA and CUSTODY-ACK: what each refuses.
#include "wire/mesh/testing/codec_testing.h"

namespace kith::mesh {
namespace {

using namespace testing;

constexpr std::uint64_t kOrigin = 0x0102030405060708;

/// The parts of a DATA that tests bend; as they are, they are valid.
struct Parts {
    std::uint64_t origin = kOrigin;
    std::uint64_t sequence = 1;
    std::uint8_t flags = 0x01;
    std::uint8_t hops_left = 1;
    Buffer expiry;
    std::size_t destination_count = 1;
    Buffer destinations = BodyBuilder().u64(9).u8(0x01);
    std::string topic = "t";
    Buffer extensions;
    std::size_t payload_bytes = 3;
};

std::string data(const Parts& parts) {
    const Buffer body = BodyBuilder()
                            .u64(parts.origin)
                            .u32(4)
                            .varint(parts.sequence)
                            .u8(parts.flags)
                            .u8(parts.hops_left)
                            .u64(5)
                            .u64(6)
                            .raw(parts.expiry)
                            .varint(0)
                            .varint(parts.destination_count)
                            .raw(parts.destinations)
                            .blob(parts.topic)
                            .blob("")
                            .blob(as_text(parts.extensions))
                            .fill(parts.payload_bytes);
    return decoded_words(FrameType::Data, body);
}

bool is_valid(const Parts& parts) {
    return data(parts).substr(0, 5) == "data ";
}

TEST(Data, AsItIsHereItIsValid) {
    EXPECT_EQ(data({}),
              "data 0102030405060708/4/1 priority=0 kind=0 hops=1 qos=1 retain=false replica=false "
              "flow=5 at=6 expires=0 tenant=0 state=0/0/0 number=0 [0000000000000009 stream=0..0 "
              "all=true ] "
              "topic=t "
              "properties= payload=787878");
}

TEST(Data, IdsAreNever0) {
    EXPECT_EQ(data({.origin = 0}), "malformed: id of a node is 0");
    EXPECT_EQ(data({.sequence = 0}), "malformed: sequence of a message is 0");
}

TEST(Data, FlagsHaveTheirRanges) {
    EXPECT_TRUE(is_valid({.flags = 0x02}));
    EXPECT_EQ(data({.flags = 0x03}), "malformed: QoS is 3");
    EXPECT_TRUE(is_valid({.flags = 0x10}));
    EXPECT_EQ(data({.flags = 0x30}), "malformed: kind of a message is not known");
    EXPECT_EQ(data({.flags = 0x80}), "malformed: reserved flag is set");
}

TEST(Data, HopsHaveALimit) {
    EXPECT_TRUE(is_valid({.hops_left = kHopsMax}));
    EXPECT_EQ(data({.hops_left = kHopsMax + 1}), "limit: message may take too many hops");
}

TEST(Data, AnExpiryIsNotNow) {
    EXPECT_TRUE(is_valid({.flags = 0x40, .expiry = {1}}));
    EXPECT_EQ(data({.flags = 0x40, .expiry = {0}}), "malformed: message expires after 0 ms");
}

Buffer destinations(std::size_t count) {
    BodyBuilder list;
    for (std::size_t i = 0; i < count; ++i) {
        list.u64(i + 1).u8(0x01);
    }
    return list;
}

TEST(Data, DestinationsHaveALimit) {
    const auto with = [](std::size_t count) {
        return Parts{.destination_count = count, .destinations = destinations(count)};
    };
    EXPECT_EQ(data(with(0)), "malformed: message without a destination");
    EXPECT_TRUE(is_valid(with(kDestinationsMax)));
    EXPECT_EQ(data(with(kDestinationsMax + 1)), "limit: list has too many entries");
}

TEST(Data, DestinationsAreInOrderAndNoneTwice) {
    const auto with = [](std::uint64_t first, std::uint64_t second) {
        return Parts{.destination_count = 2,
                     .destinations = BodyBuilder().u64(first).u8(0x01).u64(second).u8(0x01)};
    };
    EXPECT_TRUE(is_valid(with(1, 2)));
    EXPECT_EQ(data(with(2, 2)), "malformed: destinations are not in order");
    EXPECT_EQ(data(with(2, 1)), "malformed: destinations are not in order");
    EXPECT_EQ(data(with(0, 1)), "malformed: id of a node is 0");
}

TEST(Data, ReservedFlagsOfADestinationAreMalformed) {
    EXPECT_EQ(data({.destinations = BodyBuilder().u64(1).u8(0x08)}),
              "malformed: reserved flag is set");
}

TEST(Data, TheFirstOpenPlaceIsNotBeyondTheOwn) {
    const auto with = [](std::uint64_t sequence, std::uint64_t behind_first) {
        return Parts{.destinations =
                         BodyBuilder().u64(1).u8(0x02).varint(sequence).varint(behind_first)};
    };
    EXPECT_TRUE(is_valid(with(7, 0)));
    EXPECT_TRUE(is_valid(with(7, 7)));
    EXPECT_EQ(data(with(7, 8)), "malformed: first open place of a stream is before its beginning");
    EXPECT_EQ(data(with(0, 0)), "malformed: place in a stream is 0");
}

Parts with_groups(std::size_t count, std::uint64_t step) {
    BodyBuilder list;
    list.u64(1).u8(0x04).varint(count);
    for (std::size_t i = 0; i < count; ++i) {
        list.u64(7 + i * step);
    }
    return {.destinations = list};
}

TEST(Data, GroupsAreInOrderAndHaveALimit) {
    EXPECT_EQ(data(with_groups(0, 1)), "malformed: list of groups is empty");
    EXPECT_TRUE(is_valid(with_groups(kDestinationGroupsMax, 1)));
    EXPECT_EQ(data(with_groups(2, 0)), "malformed: groups are not in order");
    EXPECT_EQ(data(with_groups(kDestinationGroupsMax + 1, 1)), "limit: list has too many entries");
}

TEST(Data, ATopicIsText) {
    EXPECT_TRUE(is_valid({.topic = ""}));
    EXPECT_TRUE(is_valid({.topic = std::string(kTopicBytesMax, 't')}));
    EXPECT_EQ(data({.topic = std::string(kTopicBytesMax + 1, 't')}),
              "limit: text or blob is too long");
    EXPECT_EQ(data({.topic = "\xC3"}), "malformed: text is not valid UTF-8");
    EXPECT_EQ(data({.topic = std::string(1, '\0')}), "malformed: text is not valid UTF-8");
}

TEST(Data, AMessageHasALimit) {
    const auto with = [](std::size_t payload_bytes) {
        Parts parts;
        parts.payload_bytes = payload_bytes;
        return data(parts).substr(0, 27);
    };
    EXPECT_EQ(with(kMessageBytesMax - 1).substr(0, 5), "data ") << "the topic is one byte";
    EXPECT_EQ(with(kMessageBytesMax), "limit: message is too large");
}

TEST(Data, UnknownExtensionsAreSkipped) {
    EXPECT_TRUE(is_valid({.extensions = {0x55, 0x01, 'x'}}));
    EXPECT_EQ(data({.extensions = {0x55, 0x02, 'x'}}),
              "malformed: frame is shorter than its fields");
}

Data message_to(std::initializer_list<std::uint64_t> nodes) {
    Data frame;
    frame.id = {NodeId(kOrigin), 1, 1};
    for (const std::uint64_t node : nodes) {
        frame.destinations.emplace_back().node = NodeId(node);
    }
    return frame;
}

TEST(DataDeathTest, TheSenderIsHeldToTheSame) {
    EXPECT_DEATH((void)to_bytes(message_to({})), "destinations");
    EXPECT_DEATH((void)to_bytes(message_to({2, 1})), "not in order");
    Data data = message_to({1});
    data.destinations[0].groups = {2, 2};
    EXPECT_DEATH((void)to_bytes(data), "groups are not in order");
    data = message_to({1});
    data.hops_left = kHopsMax + 1;
    EXPECT_DEATH((void)to_bytes(data), "hops_left");
}

std::string custody(std::uint8_t verdict, std::initializer_list<std::uint64_t> nodes) {
    BodyBuilder body;
    body.varint(1).u64(kOrigin).u32(1).varint(1).u8(verdict).varint(nodes.size());
    for (const std::uint64_t node : nodes) {
        body.u64(node);
    }
    return decoded_words(FrameType::CustodyAck, body);
}

TEST(CustodyAck, VerdictsEndAtWaiting) {
    EXPECT_EQ(custody(3, {}), "custody-ack [0102030405060708/1/1 3 [] ]");
    EXPECT_EQ(custody(4, {}), "malformed: verdict of a custodian is not known");
}

TEST(CustodyAck, DestinationsAreInOrderAndNoneTwice) {
    const std::string reason = "malformed: destinations are not in order";
    EXPECT_EQ(custody(0, {1, 2}).substr(0, 11), "custody-ack");
    EXPECT_EQ(custody(0, {2, 1}), reason);
    EXPECT_EQ(custody(0, {2, 2}), reason);
}

TEST(CustodyAck, DestinationsHaveALimit) {
    const auto with = [](std::uint64_t count) {
        BodyBuilder body;
        body.varint(1).u64(kOrigin).u32(1).varint(1).u8(0).varint(count);
        for (std::uint64_t node = 1; node <= count; ++node) {
            body.u64(node);
        }
        return decoded_words(FrameType::CustodyAck, body).substr(0, 32);
    };
    EXPECT_EQ(with(kDestinationsMax).substr(0, 11), "custody-ack");
    EXPECT_EQ(with(kDestinationsMax + 1), "limit: list has too many entries");
}

}  // namespace
}  // namespace kith::mesh
