// A beacon is there and back; what is almost one is refused.

#include "wire/mesh/beacon.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace kith::mesh {
namespace {

Beacon some_beacon() {
    Beacon beacon{.port = 7883,
                  .epoch = 0x01020304,
                  .mesh = 0x1112131415161718,
                  .link_state_digest = 0x2122232425262728};
    beacon.public_key.fill(0xAB);
    return beacon;
}

Beacon unpaired_beacon() {
    Beacon beacon{.is_unpaired = true, .epoch = 7};
    beacon.public_key.fill(0xCD);
    return beacon;
}

std::vector<std::uint8_t> datagram_of(const Beacon& beacon) {
    std::vector<std::uint8_t> datagram(kBeaconBytes, 0xEE);
    encode_signed(beacon, datagram);
    return datagram;
}

TEST(BeaconCodec, WhatIsEncodedDecodes) {
    for (const Beacon& beacon : {some_beacon(), unpaired_beacon()}) {
        const auto datagram = datagram_of(beacon);
        EXPECT_EQ(decode_beacon(datagram), beacon);
        EXPECT_EQ(signed_part(datagram).size(), 64U);
        EXPECT_EQ(signature_part(datagram).size(), kSignatureBytes);
        EXPECT_EQ(signature_part(datagram)[0], 0xEE);
    }
}

TEST(BeaconCodec, TheBytesAreThoseOfTheDocument) {
    const auto datagram = datagram_of(some_beacon());
    EXPECT_EQ(to_hex(Bytes(datagram).first(32)),
              "6b69746862636e01"
              "00001ecb01020304"
              "1112131415161718"
              "2122232425262728");
    EXPECT_EQ(to_hex(Bytes(datagram_of(unpaired_beacon())).subspan(8, 8)), "0100000000000007");
}

TEST(BeaconCodec, AnyOtherLengthIsRefused) {
    auto datagram = datagram_of(some_beacon());
    for (std::size_t size = 0; size < datagram.size(); ++size) {
        EXPECT_FALSE(decode_beacon(Bytes(datagram).first(size)).has_value()) << size;
    }
    datagram.push_back(0);
    EXPECT_EQ(decode_beacon(datagram).error().kind, ErrorKind::Malformed);
}

TEST(BeaconCodec, AnotherVersionIsNotMalformed) {
    auto datagram = datagram_of(some_beacon());
    datagram[7] = 2;
    datagram.push_back(0);  // whatever it adds
    EXPECT_EQ(decode_beacon(datagram).error().kind, ErrorKind::Unsupported);
}

TEST(BeaconCodec, WhatContradictsItselfIsRefused) {
    using Change = std::function<void(std::vector<std::uint8_t>&)>;
    const std::vector<std::pair<const char*, Change>> changes{
        {"magic", [](auto& bytes) { bytes[0] = 'K'; }},
        {"unknown flag", [](auto& bytes) { bytes[8] = 2; }},
        {"reserved byte", [](auto& bytes) { bytes[9] = 1; }},
        {"unpaired with a mesh", [](auto& bytes) { bytes[8] = 1; }},
        {"no port", [](auto& bytes) { bytes[10] = bytes[11] = 0; }},
        {"no mesh", [](auto& bytes) { std::fill_n(bytes.begin() + 16, 8, std::uint8_t{0}); }},
    };
    for (const auto& [what, change] : changes) {
        auto datagram = datagram_of(some_beacon());
        change(datagram);
        const auto decoded = decode_beacon(datagram);
        ASSERT_FALSE(decoded.has_value()) << what;
        EXPECT_EQ(decoded.error().kind, ErrorKind::Malformed) << what;
    }
}

/// The seeds of the fuzz target; KITH_WRITE_CORPUS=1 writes them anew into fuzz/beacon.
TEST(BeaconCorpus, HoldsABeaconOfEachKind) {
    const std::filesystem::path folder = "fuzz/beacon";
    auto newer = datagram_of(some_beacon());
    newer[7] = 2;
    const std::vector<std::pair<std::string, std::vector<std::uint8_t>>> seeds{
        {"member", datagram_of(some_beacon())},
        {"unpaired", datagram_of(unpaired_beacon())},
        {"newer", newer},
    };
    for (const auto& [name, bytes] : seeds) {
        if (std::getenv("KITH_WRITE_CORPUS") != nullptr) {
            std::filesystem::create_directories(folder);
            std::ofstream(folder / name, std::ios::binary) << as_text(bytes);
        }
        std::ifstream file(folder / name, std::ios::binary);
        const std::string content(std::istreambuf_iterator<char>(file), {});
        EXPECT_EQ(content, as_text(bytes)) << name << " (KITH_WRITE_CORPUS=1 writes it)";
    }
}

}  // namespace
}  // namespace kith::mesh
