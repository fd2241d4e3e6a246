// The seeds of the fuzz target mesh_frame_fuzz: a small frame of every type, a body of every kind,
// and what the encoder never writes.
//
// KITH_WRITE_CORPUS=1 writes them anew into fuzz/mesh_frame, where files that fuzzing found stand
// beside them. Without it, the test sees that the seeds are still these.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "wire/mesh/testing/codec_testing.h"
#include "wire/mesh/testing/random_frames.h"

namespace kith::mesh {
namespace {

using namespace testing;

const std::filesystem::path kFolder = "fuzz/mesh_frame";
constexpr std::size_t kSeedBytesMax = 200;
constexpr std::size_t kFrameTypes = std::variant_size_v<Frame>;

using Seeds = std::map<std::string, Buffer>;

/// The longest of a few that is still short: it says most.
template <typename Make>
Buffer small_one(const Make& make) {
    Buffer longest;
    for (int i = 0; i < 50; ++i) {
        const Buffer bytes = make();
        if (bytes.size() > longest.size() && bytes.size() <= kSeedBytesMax) {
            longest = bytes;
        }
    }
    return longest;
}

/// A frame of any body shorter than 127 bytes.
Buffer framed(FrameType type, const Buffer& body) {
    const auto head = static_cast<std::uint8_t>(static_cast<unsigned>(type) << 3U);
    return BodyBuilder().varint(body.size() + 1).u8(head).raw(body);
}

Seeds all_seeds() {
    constexpr const char* kNames[kFrameTypes] = {
        "hello",       "receipt",      "record",     "record_ack",    "record_request", "digest",
        "digest_list", "echo",         "data",       "custody_ack",   "credit",         "goodbye",
        "state",       "state_digest", "state_list", "state_request", "circuit"};
    RandomFrames random(1);
    Seeds seeds;
    for (std::size_t i = 0; i < kFrameTypes; ++i) {
        const auto type = static_cast<FrameType>(i + 1);
        seeds[kNames[i]] = small_one([&] { return to_bytes(random.of_type(type)); });
    }
    seeds["link_state"] = small_one([&] { return encode(random.link_state()); });
    seeds["interest"] = small_one([&] { return encode(random.interest()); });
    seeds["extension"] = framed(FrameType::Receipt, BodyBuilder().u32(1).u8(9).blob("new"));
    seeds["unknown_type"] = framed(static_cast<FrameType>(20), {1, 2, 3});
    seeds["long_form"] = {0x82, 0x00, 0x60, 0x00};
    seeds["stream"] = BodyBuilder()
                          .raw(seeds["hello"])
                          .raw(seeds["data"])
                          .raw(seeds["custody_ack"])
                          .raw(seeds["goodbye"]);
    return seeds;
}

TEST(Corpus, HoldsAFrameOfEveryType) {
    const bool writes = std::getenv("KITH_WRITE_CORPUS") != nullptr;
    for (const auto& [name, bytes] : all_seeds()) {
        const std::filesystem::path path = kFolder / name;
        if (writes) {
            std::filesystem::create_directories(kFolder);
            std::ofstream(path, std::ios::binary) << as_text(bytes);
        }
        std::ifstream file(path, std::ios::binary);
        const std::string content(std::istreambuf_iterator<char>(file), {});
        EXPECT_EQ(content, as_text(bytes)) << path << " (KITH_WRITE_CORPUS=1 writes it)";
    }
}

}  // namespace
}  // namespace kith::mesh
