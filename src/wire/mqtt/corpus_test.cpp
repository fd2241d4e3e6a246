// The seeds of the fuzz target mqtt_decoder_fuzz: a small packet of every type, from either side,
// in every version.
//
// KITH_WRITE_CORPUS=1 writes them anew into fuzz/mqtt_decoder, where files that fuzzing found stand
// beside them. Without it, the test sees that the seeds are still what the generator makes.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "wire/mqtt/testing/codec_testing.h"
#include "wire/mqtt/testing/random_packets.h"

namespace kith::mqtt {
namespace {

using namespace testing;

const std::filesystem::path kFolder = "fuzz/mqtt_decoder";
constexpr std::size_t kSeedBytesMax = 120;

using Seeds = std::map<std::string, Buffer>;

/// One packet of each type, behind the two bytes that tell the fuzz target how to read it.
Seeds seeds_of(Sender sender, Version version) {
    Seeds seeds;
    const bool from_client = sender == Sender::Client;
    const auto version_bits = static_cast<unsigned>(version) - static_cast<unsigned>(Version::V31);
    const std::string prefix = std::string(from_client ? "client" : "server") + "_v" +
                               std::to_string(static_cast<unsigned>(version)) + "_";
    RandomPackets random(1, sender, version);
    for (int i = 0; i < 2'000; ++i) {
        const Buffer packet = to_bytes(random.any(), version);
        if (packet.size() > kSeedBytesMax) {
            continue;
        }
        const std::string name = prefix + std::string(to_string(frame_of(packet).type()));
        const int selector = static_cast<int>((from_client ? 0U : 1U) | (version_bits << 1));
        seeds.try_emplace(name, bytes_of({selector, 5, packet}));
    }
    return seeds;
}

/// What the encoder never writes: properties of both kinds mixed, several packets in a row.
Seeds unusual_seeds() {
    const Buffer user_property = bytes_of({0x26, field("k"), field("v")});
    const Buffer block = bytes_of({user_property, 0x02, 0, 0, 0, 9, user_property, 0x0B, 1, 0x01, 1,
                                   0x0B, 2, 0x08, field("r"), 0x23, 0, 1});
    const Buffer publish =
        packet_of(0x30, {field("t"), static_cast<int>(block.size()), block, "payload"});
    const Buffer own = bytes_of({user_property, 0x21, 0, 9, user_property});
    const Buffer will = bytes_of({user_property, 0x18, 0, 0, 0, 9, 0x03, field("t")});
    const Buffer connect =
        packet_of(0x10, {field("MQTT"), 5, 0x06, 0, 60, static_cast<int>(own.size()), own,
                         field("c"), static_cast<int>(will.size()), will, field("w"), field("x")});
    return {
        {"server_v5_mixed_properties", bytes_of({5, 0, publish})},
        {"client_v5_mixed_properties", bytes_of({4, 0, connect})},
        {"server_v5_stream", bytes_of({13, 7, publish, publish, 0xD0, 0x00, publish})},
    };
}

Seeds all_seeds() {
    Seeds seeds = unusual_seeds();
    for (const Sender sender : {Sender::Client, Sender::Server}) {
        for (const Version version : {Version::V31, Version::V311, Version::V5}) {
            seeds.merge(seeds_of(sender, version));
        }
    }
    return seeds;
}

TEST(Corpus, HoldsAPacketOfEveryType) {
    const Seeds seeds = all_seeds();
    // Ten types of a client before 5.0, eleven from then on; of a server nine and eleven.
    EXPECT_EQ(seeds.size(), 2 * 10U + 11U + 2 * 9U + 11U + unusual_seeds().size());
    const bool writes = std::getenv("KITH_WRITE_CORPUS") != nullptr;
    for (const auto& [name, bytes] : seeds) {
        const std::filesystem::path path = kFolder / name;
        if (writes) {
            std::filesystem::create_directories(kFolder);
            std::ofstream(path, std::ios::binary)
                .write(reinterpret_cast<const char*>(bytes.data()),
                       static_cast<std::streamsize>(bytes.size()));
        }
        std::ifstream file(path, std::ios::binary);
        const std::string content(std::istreambuf_iterator<char>(file), {});
        EXPECT_EQ(content, as_text(bytes)) << path << " (KITH_WRITE_CORPUS=1 writes it)";
    }
}

}  // namespace
}  // namespace kith::mqtt
