#include "bench/publish_block.h"

#include <gtest/gtest.h>

#include "runtime/chunk_pool.h"
#include "wire/mqtt/decoder.h"
#include "wire/mqtt/frame.h"

namespace kith::bench {
namespace {

/// The bytes of a queue, taken off piece by piece.
std::vector<std::uint8_t> drain(runtime::OutputQueue& queue) {
    std::vector<std::uint8_t> bytes;
    while (!queue.empty()) {
        const Bytes piece = queue.front();
        bytes.insert(bytes.end(), piece.begin(), piece.end());
        queue.consume(piece.size());
    }
    return bytes;
}

TEST(PublishBlock, AnyNumberOfPacketsIsThatNumber) {
    const PublishBlock block("bench/1", 64, mqtt::Version::V5);
    runtime::ChunkPool pool;
    for (const std::size_t count : {0U, 1U, 2U, 3U, 31U, 512U, 513U, 5000U}) {
        runtime::OutputQueue queue(pool);
        block.append_to(queue, count);
        EXPECT_EQ(queue.size_bytes(), count * block.packet_bytes());
        mqtt::Framer framer(1'000'000);
        mqtt::Decoder decoder(mqtt::Sender::Client, mqtt::Version::V5);
        std::size_t seen = 0;
        ASSERT_TRUE(framer.feed(drain(queue), [&](const mqtt::Frame& frame) {
            const auto packet = decoder.decode_publish(frame);
            EXPECT_TRUE(packet && packet->topic == "bench/1" && packet->payload.size() == 64);
            ++seen;
            return true;
        }));
        EXPECT_EQ(seen, count);
    }
}

TEST(PublishBlock, APacketLargerThanABlockIsAPieceOfItsOwn) {
    const PublishBlock block("t", 100'000, mqtt::Version::V311);
    EXPECT_EQ(block.piece_count_max(), 1U);
    runtime::ChunkPool pool;
    runtime::OutputQueue queue(pool);
    block.append_to(queue, 3);
    EXPECT_EQ(queue.size_bytes(), 3 * block.packet_bytes());
}

}  // namespace
}  // namespace kith::bench
