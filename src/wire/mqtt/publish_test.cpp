#include "wire/mqtt/testing/codec_testing.h"

namespace kith::mqtt {
namespace {

using namespace testing;

TEST(Publish, ExampleOfTheStandardIsReproduced) {
    // MQTT 3.1.1, figure 3.11: topic a/b, packet identifier 10.
    Decoder decoder(Sender::Client, Version::V311);
    const Buffer bytes = packet_of(0x32, {0x00, 0x03, "a/b", 0x00, 0x0A});
    const auto packet = decode_as<Publish>(decoder, bytes);
    EXPECT_EQ(packet.topic, "a/b");
    EXPECT_EQ(packet.packet_id, PacketId(10));
    EXPECT_EQ(packet.qos, Qos::AtLeastOnce);
    EXPECT_EQ(to_bytes(packet, Version::V311), bytes);
}

}  // namespace
}  // namespace kith::mqtt
