// The hot paths: a hello, and a message of 100 bytes that goes on.
#include <benchmark/benchmark.h>

#include <vector>

#include "base/check.h"
#include "wire/mesh/codec.h"

namespace kith::mesh {
namespace {

using Buffer = std::vector<std::uint8_t>;

Hello usual_hello() {
    Hello hello;
    hello.sequence = 70'000;
    hello.interval_ms = 500;
    hello.sent_at_us = 35'000'000'000;
    hello.echo_sent_at_us = 34'999'800'000;
    hello.echo_held_us = 199'000;
    hello.received_frames = 12'345;
    hello.heard_of_last_16 = 0xFFFF;
    hello.digests.of_kind = {0x0123456789ABCDEF, 0x1123456789ABCDEF, 0x2123456789ABCDEF, 0, 0};
    return hello;
}

Data usual_data(const Buffer& payload) {
    Data data;
    data.id = {NodeId(0x0123456789ABCDEF), 1'790'000'000, 123'456};
    data.hops_left = 16;
    data.qos = 1;
    data.flow = 0x9123456789ABCDEF;
    data.published_at_ms = 1'790'000'000'000;
    for (std::uint64_t i = 1; i <= 2; ++i) {
        Destination& destination = data.destinations.emplace_back();
        destination.node = NodeId(i << 56U);
        destination.stream_sequence = 4'711;
        destination.stream_first = 4'700;
    }
    data.topic = "plant/h2/oven-3/temp_c";
    data.payload = payload;
    return data;
}

Buffer encoded(const Frame& frame) {
    Buffer bytes(frame_bytes(frame));
    CHECK(encode(frame, bytes) == bytes.size());
    return bytes;
}

void slice_and_decode_hello(benchmark::State& state) {
    const Buffer bytes = encoded(usual_hello());
    for (auto _ : state) {
        const auto slice = next_frame(bytes);
        const Result<Hello> hello = decode_hello((*slice)->body);
        CHECK(hello.has_value());
        benchmark::DoNotOptimize(hello->digests.of_kind.data());
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(slice_and_decode_hello);

void encode_hello(benchmark::State& state) {
    const Hello hello = usual_hello();
    Buffer room(kHelloFrameBytesMax);
    for (auto _ : state) {
        benchmark::DoNotOptimize(encode(hello, room));
        benchmark::ClobberMemory();
    }
}
BENCHMARK(encode_hello);

void slice_and_decode_data(benchmark::State& state) {
    const Buffer payload(100, 'x');
    const Buffer bytes = encoded(usual_data(payload));
    for (auto _ : state) {
        const auto slice = next_frame(bytes);
        const Result<Data> data = decode_data(**slice);
        CHECK(data.has_value());
        benchmark::DoNotOptimize(data->payload.data());
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(slice_and_decode_data);

void encode_data_head(benchmark::State& state) {
    const Buffer payload(100, 'x');
    const Data data = usual_data(payload);
    Buffer room(data_head_bytes(data));
    for (auto _ : state) {
        benchmark::DoNotOptimize(data_head_bytes(data));
        benchmark::DoNotOptimize(kith::mesh::encode_data_head(data, room));
        benchmark::ClobberMemory();
    }
}
BENCHMARK(encode_data_head);

}  // namespace
}  // namespace kith::mesh

BENCHMARK_MAIN();
