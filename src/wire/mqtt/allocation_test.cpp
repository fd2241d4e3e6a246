// The hot path does not allocate: decoding a PUBLISH, and encoding one, after warm-up.
#include <memory>

#include "tests/support/allocations/allocations.h"
#include "wire/mqtt/testing/codec_testing.h"

namespace kith::mqtt {
namespace {

using namespace testing;

/// How often `act` allocates when it is done a second time.
template <typename Act>
std::size_t allocations_after_warm_up(const Act& act) {
    act();
    const std::size_t before = test::thread_allocation_count();
    act();
    return test::thread_allocation_count() - before;
}

/// A PUBLISH of QoS 0 whose property block is longer than packet_of() can make.
Buffer to_bytes_with_block(std::string_view topic, const Buffer& block) {
    const auto block_bytes = static_cast<std::uint32_t>(block.size());
    const std::size_t body_bytes =
        2 + topic.size() + variable_byte_integer_bytes(block_bytes) + block.size();
    Buffer whole(1 + variable_byte_integer_bytes(static_cast<std::uint32_t>(body_bytes)) +
                 body_bytes);
    ByteWriter writer(whole);
    writer.u8(0x30);
    put_variable_byte_integer(writer, static_cast<std::uint32_t>(body_bytes));
    writer.bytes(field(topic));
    put_variable_byte_integer(writer, block_bytes);
    writer.bytes(block);
    return whole;
}

TEST(Allocation, IsCounted) {
    std::unique_ptr<Buffer> kept;
    EXPECT_EQ(allocations_after_warm_up([&kept] { kept = std::make_unique<Buffer>(100); }), 2U);
}

TEST(Allocation, DecodingAPublishDoesNot) {
    const Buffer plain = packet_of(0x30, {field("plant/h2/oven-3/temp_c"), 0x00, "184.2"});
    Decoder decoder(Sender::Client);
    EXPECT_EQ(allocations_after_warm_up([&] {
                  EXPECT_TRUE(decoder.decode_publish(frame_of(plain)).has_value());
                  EXPECT_TRUE(decoder.decode(frame_of(plain)).has_value());
              }),
              0U);
}

TEST(Allocation, DecodingAPublishWithScatteredPropertiesDoesNot) {
    // Longer than what the scratches hold in place.
    const std::string value(400, 'v');
    Buffer run;
    append_user_property(run, {"k", value});
    const Buffer block = bytes_of(
        {run, 0x02, 0, 0, 0, 1, run, 0x0B, 1, 0x0B, 2, 0x0B, 3, 0x0B, 4, 0x0B, 5, 0x0B, 6});
    const Buffer whole = to_bytes_with_block("t", block);
    Decoder decoder(Sender::Server);
    EXPECT_EQ(allocations_after_warm_up([&] {
                  const Result<Publish> decoded = decoder.decode_publish(frame_of(whole));
                  EXPECT_EQ(decoded.value().properties.encoded.size(), 2 * run.size());
                  EXPECT_EQ(decoded.value().subscription_identifiers.size(), 6U);
              }),
              0U);
}

TEST(Allocation, EncodingAPublishDoesNot) {
    const Buffer run = bytes_of({0x01, 0x01, 0x26, field("k"), field("v")});
    const Publish packet{.topic = "plant/h2/oven-3/temp_c",
                         .payload = as_bytes("184.2"),
                         .message_expiry_interval = 9,
                         .properties = {.encoded = run}};
    Buffer room(1'000);
    for (const Version version : {Version::V311, Version::V5}) {
        EXPECT_EQ(allocations_after_warm_up([&] {
                      const std::size_t bytes = encoded_bytes(packet, version);
                      ByteWriter writer(MutableBytes(room).first(bytes));
                      encode(packet, version, writer);
                  }),
                  0U);
    }
}

TEST(Allocation, FramingWholePacketsDoesNot) {
    Buffer stream;
    for (int i = 0; i < 100; ++i) {
        const Buffer packet = packet_of(0x30, {field("t"), "payload"});
        stream.insert(stream.end(), packet.begin(), packet.end());
    }
    Framer framer(1'000);
    std::size_t frames = 0;
    EXPECT_EQ(allocations_after_warm_up([&] {
                  EXPECT_TRUE(framer.feed(stream, [&frames](const Frame&) {
                      ++frames;
                      return true;
                  }));
              }),
              0U);
    EXPECT_EQ(frames, 200U);
}

TEST(Allocation, LargeScratchesGoBack) {
    // A decoder that has seen one huge packet does not hold its memory for ever.
    std::vector<Subscription> many(50'000, Subscription{.filter = "t"});
    const Subscribe huge{.packet_id = PacketId(1), .subscriptions = many};
    const Buffer huge_bytes = to_bytes(huge, Version::V5);
    const Buffer small_bytes = packet_of(0x82, {0, 1, 0, field("t"), 0});
    Decoder decoder(Sender::Client);
    // The same packet allocates again, since a small one in between gave the memory back.
    EXPECT_GT(allocations_after_warm_up([&] {
                  EXPECT_TRUE(decoder.decode(frame_of(huge_bytes)).has_value());
                  EXPECT_TRUE(decoder.decode(frame_of(small_bytes)).has_value());
              }),
              0U);
}

}  // namespace
}  // namespace kith::mqtt
