// What holds for packets of every type: direction, reserved types and flags.
#include "wire/mqtt/decoder.h"

#include "wire/mqtt/testing/codec_testing.h"
#include "wire/mqtt/testing/random_packets.h"

namespace kith::mqtt {
namespace {

using namespace testing;

TEST(Decoder, PacketsOfTheOtherDirectionAreProtocolErrors) {
    for (const Version version : {Version::V31, Version::V311, Version::V5}) {
        const bool is_v5 = version == Version::V5;
        for (const PacketType type : {PacketType::Connack, PacketType::Suback, PacketType::Unsuback,
                                      PacketType::Pingresp}) {
            const int first_byte = static_cast<int>(type) << 4;
            EXPECT_EQ(refusal_by_server(packet_of(first_byte, {}), version), kProtocolError);
        }
        for (const int first_byte : {0x10, 0x82, 0xA2, 0xC0}) {
            EXPECT_EQ(refusal_by_client(packet_of(first_byte, {}), version), kProtocolError);
        }
        EXPECT_EQ(refusal_by_client(packet_of(0xE0, {}), version),
                  is_v5 ? kAccepted : kProtocolError);
    }
}

TEST(Decoder, PacketTypeZeroIsReserved) {
    for (const Version version : {Version::V31, Version::V311, Version::V5}) {
        EXPECT_EQ(refusal_by_server(packet_of(0x00, {}), version), kMalformed);
        EXPECT_EQ(refusal_by_client(packet_of(0x02, {}), version), kMalformed);
    }
}

TEST(Decoder, ReservedFlagsHaveOneValue) {
    // [MQTT-2.1.3-1], table 2-2. Random packets are correct but for their flags.
    for (const Sender sender : {Sender::Client, Sender::Server}) {
        RandomPackets random(11, sender, Version::V5);
        for (int i = 0; i < 200; ++i) {
            Buffer bytes = to_bytes(random.any(), Version::V5);
            const Frame frame = frame_of(bytes);
            if (frame.type() == PacketType::Publish) {
                continue;
            }
            const std::uint8_t correct = frame.flags();
            for (std::uint8_t flags = 0; flags < 16; ++flags) {
                bytes[0] = static_cast<std::uint8_t>((bytes[0] & 0xF0) | flags);
                EXPECT_EQ(refusal_of(Decoder(sender), bytes),
                          flags == correct ? kAccepted : kMalformed)
                    << to_hex(Bytes(bytes).first(2));
            }
        }
    }
}

TEST(Decoder, VersionDecidesHowBytesAreRead) {
    // The byte 0 behind the packet identifier: no properties, or the payload.
    const Buffer bytes = packet_of(0x32, {field("t"), 0x00, 0x01, 0x00});
    Decoder decoder(Sender::Client, Version::V5);
    EXPECT_TRUE(decode_as<Publish>(decoder, bytes).payload.empty());
    decoder.set_version(Version::V311);
    EXPECT_EQ(decode_as<Publish>(decoder, bytes).payload.size(), 1U);
}

TEST(Decoder, OneDecoderServesManyPackets) {
    // What a packet leaves in the scratches does not show in the next.
    Decoder reused(Sender::Server);
    RandomPackets random(12, Sender::Server, Version::V5);
    for (int i = 0; i < 500; ++i) {
        const Buffer bytes = to_bytes(random.any(), Version::V5);
        Decoder fresh(Sender::Server);
        const Result<Packet> a = reused.decode(frame_of(bytes));
        const Result<Packet> b = fresh.decode(frame_of(bytes));
        ASSERT_TRUE(a && b);
        EXPECT_TRUE(*a == *b);
    }
}

TEST(Decoder, HotPathAgreesWithTheGeneralOne) {
    for (const Version version : {Version::V31, Version::V311, Version::V5}) {
        RandomPackets random(13, Sender::Server, version);
        Decoder hot(Sender::Server, version);
        Decoder general(Sender::Server, version);
        for (int i = 0; i < 500; ++i) {
            Buffer bytes = to_bytes(random.publish(), version);
            if (random.random().chance(0.5)) {
                bytes[2 + random.random().below(bytes.size() - 2)] ^= 0x55;
            }
            const Frame frame = scan_frame(bytes, bytes.size()).frame;
            if (frame.total_bytes == 0) {
                continue;  // the length was bent
            }
            const Result<Publish> a = hot.decode_publish(frame);
            const Result<Packet> b = general.decode(frame);
            ASSERT_EQ(a.has_value(), b.has_value());
            EXPECT_TRUE(a ? Packet(*a) == *b : a.error() == b.error());
        }
    }
}

}  // namespace
}  // namespace kith::mqtt
