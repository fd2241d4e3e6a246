#include "api/packet_cutter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace kith::api {
namespace {

/// A packet of this type with a body of so many bytes.
std::string packet(char type, std::size_t body_bytes) {
    std::string text(1, type);
    std::size_t length = body_bytes;
    do {
        const auto low = static_cast<unsigned char>(length & 0x7F);
        length >>= 7;
        text.push_back(static_cast<char>(length > 0 ? low | 0x80U : low));
    } while (length > 0);
    return text + std::string(body_bytes, 'x');
}

/// The pieces into which one or more calls cut.
std::vector<std::string> cut(const std::vector<std::string>& inputs) {
    PacketCutter cutter;
    std::vector<std::string> pieces;
    for (std::string_view input : inputs) {
        while (!input.empty()) {
            const std::size_t taken = cutter.take(as_bytes(input));
            pieces.emplace_back(input.substr(0, taken));
            input.remove_prefix(taken);
        }
    }
    return pieces;
}

TEST(PacketCutter, EachPacketIsAPiece) {
    std::vector<std::string> packets;
    for (const std::size_t body_bytes : {0U, 1U, 127U, 128U, 16'383U, 16'384U, 2'097'152U}) {
        packets.push_back(packet('\x30', body_bytes));
    }
    std::string all;
    for (const std::string& each : packets) {
        all += each;
    }
    EXPECT_EQ(cut({all}), packets);
}

TEST(PacketCutter, PacketsContinueOverCallsButDoNotMix) {
    const std::string long_one = packet('\x30', 300);
    const std::string short_one = packet('\x40', 2);
    const std::string all = long_one + short_one + short_one;
    for (std::size_t at = 1; at < all.size(); ++at) {
        const std::vector<std::string> pieces = cut({all.substr(0, at), all.substr(at)});
        std::string joined;
        std::vector<std::size_t> ends;
        for (const std::string& piece : pieces) {
            joined += piece;
            ends.push_back(joined.size());
        }
        EXPECT_EQ(joined, all);
        EXPECT_TRUE(std::ranges::find(ends, long_one.size()) != ends.end()) << at;
        EXPECT_TRUE(std::ranges::find(ends, all.size() - short_one.size()) != ends.end()) << at;
        EXPECT_LE(pieces.size(), 4U) << at;
    }
}

TEST(PacketCutter, WhatIsNoMqttIsCutSomewhere) {
    const std::vector<std::string> pieces = cut({std::string(100, '\xff')});
    std::string joined;
    for (const std::string& piece : pieces) {
        joined += piece;
    }
    EXPECT_EQ(joined, std::string(100, '\xff'));
}

}  // namespace
}  // namespace kith::api
