// The hot path: framing, decoding and encoding small PUBLISH packets.
#include <benchmark/benchmark.h>

#include <vector>

#include "base/check.h"
#include "wire/mqtt/decoder.h"
#include "wire/mqtt/encoder.h"

namespace kith::mqtt {
namespace {

using Buffer = std::vector<std::uint8_t>;

constexpr std::size_t kPacketBytes = 64;
constexpr std::size_t kPacketsPerChunk = 1'000;  // about one read of 64 KiB

/// A PUBLISH of QoS 0 to a usual topic, with this much payload.
Publish usual_publish(const Buffer& payload) {
    return {.topic = "plant/h2/oven-3/temp_c", .payload = payload};
}

/// A PUBLISH of exactly kPacketBytes.
Buffer packet(Version version) {
    Buffer payload;
    while (encoded_bytes(usual_publish(payload), version) < kPacketBytes) {
        payload.push_back('1');
    }
    Buffer bytes(encoded_bytes(usual_publish(payload), version));
    CHECK(bytes.size() == kPacketBytes);
    ByteWriter writer(bytes);
    encode(usual_publish(payload), version, writer);
    return bytes;
}

Buffer chunk_of_packets(Version version) {
    const Buffer one = packet(version);
    Buffer chunk;
    for (std::size_t i = 0; i < kPacketsPerChunk; ++i) {
        chunk.insert(chunk.end(), one.begin(), one.end());
    }
    return chunk;
}

void count_packets(benchmark::State& state) {
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kPacketsPerChunk));
}

void frame_packets(benchmark::State& state) {
    const Buffer chunk = chunk_of_packets(Version::V5);
    Framer framer(kPacketBytes);
    for (auto _ : state) {
        std::size_t bytes = 0;
        CHECK(framer.feed(chunk, [&bytes](const Frame& frame) {
            bytes += frame.body.size();
            return true;
        }));
        benchmark::DoNotOptimize(bytes);
    }
    count_packets(state);
}
BENCHMARK(frame_packets);

void frame_and_decode_publish(benchmark::State& state) {
    const auto version = static_cast<Version>(state.range(0));
    const Buffer chunk = chunk_of_packets(version);
    Framer framer(kPacketBytes);
    Decoder decoder(Sender::Client, version);
    for (auto _ : state) {
        CHECK(framer.feed(chunk, [&decoder](const Frame& frame) {
            Result<Publish> publish = decoder.decode_publish(frame);
            CHECK(publish.has_value());
            benchmark::DoNotOptimize(publish->payload.data());
            return true;
        }));
    }
    count_packets(state);
}
BENCHMARK(frame_and_decode_publish)->Arg(4)->Arg(5);

void decode_publish_with_properties(benchmark::State& state) {
    const UserProperty user_properties[] = {{"trace", "7f3a"}, {"unit", "celsius"}};
    const Buffer run = encode_message_properties({.content_type = "text/plain"}, user_properties);
    Publish publish = usual_publish({});
    publish.message_expiry_interval = 60;
    publish.properties.encoded = run;
    Buffer bytes(encoded_bytes(publish, Version::V5));
    ByteWriter writer(bytes);
    encode(publish, Version::V5, writer);
    Decoder decoder(Sender::Client);
    const Frame frame = scan_frame(bytes, bytes.size()).frame;
    for (auto _ : state) {
        Result<Publish> decoded = decoder.decode_publish(frame);
        CHECK(decoded.has_value());
        benchmark::DoNotOptimize(decoded->properties.encoded.data());
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decode_publish_with_properties);

void encode_publish(benchmark::State& state) {
    const auto version = static_cast<Version>(state.range(0));
    const Buffer payload(34, 'x');
    const Publish publish = usual_publish(payload);
    Buffer room(encoded_bytes(publish, version));
    for (auto _ : state) {
        ByteWriter writer(MutableBytes(room).first(encoded_bytes(publish, version)));
        encode(publish, version, writer);
        benchmark::DoNotOptimize(room.data());
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(encode_publish)->Arg(4)->Arg(5);

}  // namespace
}  // namespace kith::mqtt

BENCHMARK_MAIN();
