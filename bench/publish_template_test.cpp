#include "bench/publish_template.h"

#include <gtest/gtest.h>

#include "runtime/chunk_pool.h"
#include "wire/mqtt/decoder.h"
#include "wire/mqtt/frame.h"

namespace kith::bench {
namespace {

TEST(PublishTemplate, CarriesItsPacketIdAndItsStampInEveryVersion) {
    for (const mqtt::Version version : {mqtt::Version::V311, mqtt::Version::V5}) {
        for (const Qos qos : {Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce}) {
            PublishTemplate packet("bench/1", qos, 20, version);
            runtime::ChunkPool pool;
            runtime::OutputQueue queue(pool);
            packet.append_to(queue, PacketId(7));
            packet.append_stamped(queue, PacketId(65'535), Instant::from_ns(0x0102030405060708));

            std::vector<std::uint16_t> ids;
            mqtt::Framer framer(1'000);
            mqtt::Decoder decoder(mqtt::Sender::Client, version);
            ASSERT_TRUE(framer.feed(queue.front(), [&](const mqtt::Frame& frame) {
                const auto publish = decoder.decode_publish(frame);
                EXPECT_TRUE(publish && publish->topic == "bench/1" && publish->qos == qos);
                EXPECT_EQ(publish->payload.size(), 20U);
                ids.push_back(publish->packet_id.value());
                if (ids.size() == 2) {
                    EXPECT_EQ(stamp_of(publish->payload), Instant::from_ns(0x0102030405060708));
                    EXPECT_EQ(publish->payload.back(), 'x');
                }
                return true;
            }));
            EXPECT_EQ(ids, qos == Qos::AtMostOnce ? (std::vector<std::uint16_t>{0, 0})
                                                  : (std::vector<std::uint16_t>{7, 65'535}));
        }
    }
}

}  // namespace
}  // namespace kith::bench
